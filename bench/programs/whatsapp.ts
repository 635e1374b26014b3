/** The WhatsApp emulator as a program of the bench. */
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { WhatsAppEmulator } from "../../src/testing/index.js";
import { answerCalls } from "../frame/program.js";
import type { Burst } from "../whatsapp-process.js";

const emulator = await WhatsAppEmulator.start({ admin: { addPhonesOnDemand: true }, transcriptLimit: 10 });

/** Sends in turns, a turn of the loop after each round: what was sent leaves, and what comes is answered. */
async function send({ from, to, each, text, pauseMs }: Burst): Promise<void> {
  const find = (number: string) => emulator.phones.find(({ phoneNumber }) => phoneNumber === number);
  const sender = find(from) ?? emulator.addPhone({ phoneNumber: from });
  const phones = to.map((number) => {
    const phone = find(number);
    if (phone === undefined) throw new Error(`There is no phone ${number}`);
    return phone;
  });
  for (let n = 0; n < each; n += 1) {
    for (const phone of phones) {
      sender.sendText(phone, `${text} ${n}`);
      if (pauseMs !== undefined) await sleep(pauseMs);
    }
    await turn();
  }
}

answerCalls({
  url: () => emulator.url,
  send,
  violations: () => emulator.violations.map(({ problem }) => problem),
});
