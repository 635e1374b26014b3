/** A companion could not download the media of a message: the phone, which has it, stores it again and says where. */
import type { Account } from "../network/account.js";
import type { CompanionDevice } from "../network/companion-device.js";
import type { Network } from "../network/network.js";
import { mediaRetry } from "../wire/chat-proto.js";
import { openRetry, sealRetry } from "../wire/media-crypto.js";
import { bytesOf, childOf, node, type BinaryNode } from "../wire/node.js";
import type { Chat } from "./chat.js";

const SUCCESS = 1;
const NOT_FOUND = 2;
const IV_LENGTH = 12;

/** Answers a request, which comes as a receipt. */
export function answerMediaRetry(
  network: Network,
  { jid }: Account,
  chat: Chat,
  { device, receipt }: { readonly device: CompanionDevice; readonly receipt: BinaryNode },
): void {
  const { id = "" } = receipt.attrs;
  const rmr = childOf(receipt, "rmr")?.attrs ?? {};
  const kept = chat.find(id, network.directory.find(rmr.jid)?.jid ?? rmr.jid);
  const stored = kept && chat.files.storeAgain(kept.message);
  const about = node("rmr", rmr);
  const answer = (content: BinaryNode): void =>
    network.router.deliver(
      device,
      node("notification", { from: jid, id, type: "mediaretry", t: String(network.context.seconds) }, [
        content,
        about,
      ]),
    );
  if (stored === undefined) return answer(node("error", { code: String(NOT_FOUND) }));
  const { path: directPath, mediaKey } = stored;
  checkRequest(device, receipt, { id, mediaKey });
  const iv = Buffer.from(network.context.random(IV_LENGTH));
  const plain = mediaRetry.encode({ stanzaId: id, directPath, result: SUCCESS });
  const sealed = sealRetry(plain, mediaKey, id, iv);
  answer(node("encrypt", {}, [node("enc_p", {}, sealed), node("enc_iv", {}, iv)]));
}

/** The request is sealed with the media key of the message, so that only those who may read it can ask. */
function checkRequest(
  device: CompanionDevice,
  receipt: BinaryNode,
  { id, mediaKey }: { readonly id: string; readonly mediaKey: Uint8Array },
): void {
  const encrypt = childOf(receipt, "encrypt");
  const sealed = bytesOf(childOf(encrypt, "enc_p"));
  const iv = bytesOf(childOf(encrypt, "enc_iv"));
  if (sealed !== undefined && iv !== undefined && openRetry(sealed, mediaKey, id, iv) !== undefined) return;
  device.connection?.reportViolation(
    "A request to store media again is not sealed with the key of that media",
  );
}
