/** The check of a webhook's URL, which resolves nothing: the address behind a name is checked when it is connected to. */
import { isPrivateHost } from "../egress/target-guard.js";

/** What is wrong with a webhook URL, as a sentence, or undefined. */
export function webhookUrlProblem(url: string, allowPrivateTargets: boolean): string | undefined {
  if (!URL.canParse(url)) return "webhookUrl must be a URL address";
  const { protocol, hostname } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:") return "webhookUrl must be a URL address";
  if (!allowPrivateTargets && isPrivateHost(hostname)) return "webhookUrl must not be a private address";
  return undefined;
}
