/** Protobuf messages from schemas that name only the fields the emulator needs: protobuf skips what it does not know. */

import protobuf from "protobufjs";

/** Reads and writes one kind of message. */
export interface MessageCodec<Shape> {
  /** The bytes of a message. */
  encode(message: Shape): Buffer;
  /** The message in the bytes; absent fields are absent. Throws when the bytes are no such message. */
  decode(bytes: Uint8Array): Shape;
}

/** Gives the codecs of a schema's messages by their names. */
export function codecsOf(schema: string): <Shape extends object>(name: string) => MessageCodec<Shape> {
  const { root } = protobuf.parse(schema, { keepCase: true });
  return <Shape extends object>(name: string) => {
    const type = root.lookupType(name);
    return {
      encode: (message) => Buffer.from(type.encode(type.fromObject(message)).finish()),
      decode: (bytes) => type.toObject(type.decode(bytes), { longs: Number, bytes: Buffer }) as Shape,
    };
  };
}
