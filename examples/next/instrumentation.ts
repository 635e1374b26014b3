/** What Next runs once, when the server starts: sessions that were online reconnect without waiting for the first request. */
export async function register(): Promise<void> {
  if (process.env["NEXT_RUNTIME"] !== "nodejs") return;
  const { sessions } = await import("./lib/sessions");
  await sessions().start();
}
