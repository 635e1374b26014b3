/** A library without a network: a linked socket is open a moment after it is made. For tests of what surrounds it. */
import { EventEmitter } from "node:events";
import { setImmediate } from "node:timers";
import type { BaileysEventMap } from "whaileys";
import type { SocketFactory, WhatsAppSocket } from "../../src/whatsapp/library.js";
import { loadWhaileys } from "../../src/whatsapp/libraries/whaileys.js";

class InstantSocket {
  readonly ws = Object.assign(new EventEmitter(), {
    readyState: 1,
    terminate: () => {
      this.ws.readyState = 3;
      this.ws.emit("close");
    },
  });
  readonly ev = new EventEmitter();

  constructor(readonly authState: object) {
    setImmediate(() => {
      this.ws.emit("CB:success");
      this.ev.emit("connection.update", { connection: "open" });
    });
  }

  readonly query = async (): Promise<object> => ({});

  readonly end = (): void => this.ws.terminate();
}

/** The library, and how a test makes the socket of a session say something. */
export interface InstantLibrary {
  readonly library: SocketFactory;
  /** Emits an event on the socket. */
  readonly emit: <Name extends keyof BaileysEventMap>(
    socket: WhatsAppSocket,
    name: Name,
    data: BaileysEventMap[Name],
  ) => void;
}

/** Sockets of linked sessions only. */
export function instantLibrary(): InstantLibrary {
  const whaileys = loadWhaileys();
  return {
    library: {
      ...whaileys,
      name: "instant",
      makeSocket: ({ auth }) => new InstantSocket(auth) as unknown as WhatsAppSocket,
      webSocketOf: (socket) => socket.ws,
    },
    emit: (socket, name, data) => void (socket as unknown as InstantSocket).ev.emit(name, data),
  };
}
