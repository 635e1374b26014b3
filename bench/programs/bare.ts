/** Sessions of a bare whaileys, with the loop that everyone writes around it: `bare <emulator> <first number> <place of the auth state>`. */
import { pino } from "pino";
import type { WAMessage, WASocket } from "whaileys";
import { answerCalls } from "../frame/program.js";
import { library, openAuth } from "./bare-auth.js";
import { SessionsProgram } from "./sessions.js";

const [url = "", first = "", place = "memory"] = process.argv.slice(2);
const openState = openAuth(place);
const logger = pino({ level: "silent" });
/** As an application keeps them, to send. */
const sockets = new Map<number, WASocket>();

const program = new SessionsProgram(url, Number(first), {
  open: async (n, scan) => {
    const { state, saveCreds } = await openState(n);
    await new Promise<void>((opened) => {
      const connect = (): void => {
        const socket = library.default({ waWebSocketUrl: url, auth: state, logger: logger as never });
        sockets.set(n, socket);
        socket.ev.on("creds.update", (change) => {
          Object.assign(state.creds, change);
          void saveCreds();
        });
        socket.ev.on("messages.upsert", ({ messages }) => program.received(messages.filter(isText).length));
        socket.ev.on("connection.update", ({ connection, qr }) => {
          if (qr !== undefined) scan(qr);
          if (connection === "open") opened();
          // Linked: WhatsApp asks for a new connection.
          if (connection === "close") connect();
        });
      };
      connect();
    });
  },
  send: async (n, to, text) => {
    await sockets.get(n)?.sendMessage(`${to}@s.whatsapp.net`, { text });
  },
});

function isText({ key, message }: WAMessage): boolean {
  return key.fromMe !== true && Boolean(message?.conversation ?? message?.extendedTextMessage);
}

answerCalls(program.calls);
