/** Media of messages, fetched the way the session's socket goes. */
import type { WAMessage } from "whaileys";
import { ZpwootError } from "../errors.js";
import type { SessionServices } from "../session/services.js";
import type { Session } from "../session/session.js";

/** See `SessionManager.downloadMedia`. */
export async function downloadMedia(
  deps: SessionServices,
  session: Session,
  message: WAMessage,
): Promise<Buffer> {
  const library = await deps.library();
  if (library.downloadMedia === undefined) {
    throw new ZpwootError(
      "INVALID_OPTION",
      `The library ${library.name} was handed in without downloadMedia`,
    );
  }
  const { agent } = deps.egress(session.id);
  try {
    return await library.downloadMedia(message, { agent, socket: session.socket });
  } catch (thrown) {
    // The library's errors may hold the message and its media key: they are not passed on.
    const { output, response } = thrown as { output?: unknown; response?: { status?: number } };
    if (output !== undefined && response === undefined) {
      throw new ZpwootError("INVALID_INPUT", "message: it holds no media that can be downloaded");
    }
    const why = response?.status === undefined ? "no answer" : `status ${response.status}`;
    throw new ZpwootError("CONNECTION_FAILED", `The media could not be downloaded (${why})`);
  }
}
