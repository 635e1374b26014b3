/** Forms as clients send them, right and wrong, and sessions that read the files in them. */
import type { Readable } from "node:stream";
import type { MessageContent } from "../../src/api/message-content.js";
import { InMemorySessions } from "./in-memory-sessions.js";

const BOUNDARY = "----a-boundary-of-the-tests";
/** The content type of every form here. */
export const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;

/** A message with its file in the form. */
export const IMAGE = { to: "+5511999999999", content: { image: { part: "file" }, caption: "Look" } };

/** One part of a form; without a name, if it has none. `headers` stand after its disposition. */
export function partOf(name: string | undefined, body: string | Uint8Array, headers = ""): Buffer {
  const named = name === undefined ? "" : `; name="${name}"`;
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data${named}\r\n${headers}\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(body as Uint8Array), Buffer.from("\r\n")]);
}

/** A part without a disposition, which parsers pass over. */
export const NO_PART = Buffer.from(`--${BOUNDARY}\r\nContent-Type: text/plain\r\n\r\nwhatever\r\n`);

/** The end of a form. */
export const END = Buffer.from(`--${BOUNDARY}--\r\n`);

/** The beginning of a form, up to the first byte of its file. */
export function headOf(message: object): Buffer {
  const [head = ""] = partOf("file", "@").toString().split("@");
  return Buffer.concat([partOf("message", JSON.stringify(message)), Buffer.from(head)]);
}

/** A whole form. */
export function formOf(message: object, file: string | Uint8Array): Buffer {
  const headers = 'Content-Type: application/octet-stream\r\nX-Whatever: "b"\r\n';
  return Buffer.concat([partOf("message", JSON.stringify(message)), partOf("file", file, headers), END]);
}

function fileIn(content: MessageContent): Readable {
  return Reflect.get(content, "image") as Readable;
}

/** Sessions that read the file of what they send, as the engine does, and remember it when it is whole. */
export class ReadingSessions extends InMemorySessions {
  readonly sent: { readonly content: MessageContent; readonly bytes: Buffer }[] = [];
  /** How a file is read. */
  reads: (file: Readable) => Promise<Buffer> = async (file) => {
    const chunks: Buffer[] = [];
    for await (const chunk of file) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };

  override async sendMessage(...args: Parameters<InMemorySessions["sendMessage"]>) {
    const answer = await super.sendMessage(...args);
    const [, , content] = args;
    this.sent.push({ content, bytes: await this.reads(fileIn(content)) });
    return answer;
  }

  /** A session that is connected. */
  async connected(): Promise<string> {
    const { id } = await this.create({ name: `session ${this.size}` });
    await this.connect(id);
    await this.link(id);
    return id;
  }
}
