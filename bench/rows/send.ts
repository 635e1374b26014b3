/** What a message costs that one session sends to one contact. */
import { sharing, type Figures, type Row } from "../frame/row.js";
import { WhatsAppProcess, operate } from "../whatsapp-process.js";
import { MEASURES } from "./receive.js";
import { bareSessions, zpwootSessions, type Sessions } from "./session-contestants.js";

/** To whom messages are sent. */
export const FRIEND = "5511800000002";

export const sendOne: Row = {
  name: "send-one",
  title: "Send 1:1, one session, one after the other; a unit is a message",
  measures: MEASURES,
  goals: [{ measure: "cpu", contestant: "zpwoot lmdb", to: "bare memory", most: 1.1 }],
  open: async (size) => {
    const whatsapp = await WhatsAppProcess.start();
    await operate(whatsapp.url, "phones", { phoneNumber: FRIEND });
    const each = size === "whole" ? 600 : 200;
    const measure = ({ program }: Sessions): Promise<Figures> =>
      program.call("send", { sessions: 1, each, to: FRIEND });
    const setUp = { whatsapp, sessions: 1, measure };
    const all = [
      await bareSessions("bare memory", "memory", setUp),
      await zpwootSessions("zpwoot lmdb", "lmdb", setUp),
    ];
    return sharing(all, () => whatsapp[Symbol.asyncDispose]());
  },
};
