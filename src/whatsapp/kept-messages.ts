/** What a socket has to do with the messages that are kept of those that were sent. */
import type { UserFacingSocketConfig, WAMessage } from "whaileys";
import type { AuthorshipMark } from "../api/authorship.js";
import type { NamedWhatsAppEvent } from "../api/events.js";
import { changesIn } from "./authorship/claims.js";
import type { AuthState } from "./library.js";

type GetMessage = NonNullable<UserFacingSocketConfig["getMessage"]>;

/** Finds messages that are asked for again: by the caller's own function first, then among those that are kept. */
export function keptMessages({ sent }: Pick<AuthState, "sent">, own: GetMessage | undefined): GetMessage {
  return async (key) => (await own?.(key)) ?? ((await sent.find(key)) as Awaited<ReturnType<GetMessage>>);
}

/**
 * Notes that a message was edited or revoked on another device of the account, or revoked by the admin of a group. Gives a promise if there
 * is something to store.
 */
export function noteChanges(
  { sent, keys }: Pick<AuthState, "sent" | "keys">,
  event: NamedWhatsAppEvent,
): Promise<void> | undefined {
  if (event.name !== "messages.upsert") return undefined;
  const noted = event.data.messages.flatMap((message) => {
    const changes = changesIn(message.message).filter(({ kind }) => mayChange(message, kind));
    return changes.length === 0 ? [] : [{ id: message.key.id ?? "", changes }];
  });
  if (noted.length === 0) return undefined;
  const store = async (): Promise<void> => {
    await sent.ready();
    const isKept = noted.map(({ id, changes }) => sent.changed(id, changes)).includes(true);
    if (isKept) await keys.set({});
  };
  return store();
}

function mayChange(message: WAMessage & Partial<AuthorshipMark>, kind: "edit" | "revoke"): boolean {
  return message.key.fromMe === true || (kind === "revoke" && message.authorship === "admin");
}
