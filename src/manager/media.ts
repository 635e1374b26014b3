/** Downloads the media of messages over the same connection path as the session's socket. */
import type { WAMessage } from "whaileys";
import { ZpwootError } from "../errors.js";
import type { SessionServices } from "../session/services.js";
import type { WhatsAppSocket } from "../whatsapp/library.js";

/** A session, as far as downloads need it. */
export interface DownloadingSession {
  readonly id: string;
  /** Undefined while it is not connected; then expired media can't be requested again. */
  readonly socket: WhatsAppSocket | undefined;
}

/** See `SessionManager.downloadMedia`. */
export async function downloadMedia(
  services: Pick<SessionServices, "library" | "egress">,
  session: DownloadingSession,
  message: WAMessage,
): Promise<Buffer> {
  const library = await services.library();
  if (library.downloadMedia === undefined) {
    throw new ZpwootError(
      "INVALID_OPTION",
      `The library ${library.name} was handed in without downloadMedia`,
    );
  }
  const { agent } = services.egress(session.id);
  try {
    return await library.downloadMedia(message, { agent, socket: session.socket });
  } catch (thrown) {
    throw downloadError(thrown);
  }
}

/** The library's own errors may hold the message and its media key, so they are not passed on, not even as a cause. */
function downloadError(thrown: unknown): ZpwootError {
  const { output, response } = thrown as { output?: unknown; response?: { status?: number } };
  if (output !== undefined && response === undefined) {
    return new ZpwootError("INVALID_INPUT", "message: it holds no media that can be downloaded");
  }
  const why = response?.status === undefined ? "no answer" : `status ${response.status}`;
  return new ZpwootError("CONNECTION_FAILED", `The media could not be downloaded (${why})`);
}
