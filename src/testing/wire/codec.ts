/** Protobuf messages from schemas that name only the fields the emulator needs: protobuf skips unknown fields. */
import protobuf from "protobufjs";

/** Reads and writes one kind of message. */
export interface MessageCodec<Shape> {
  /** The bytes of a message. */
  encode(message: Shape): Buffer;
  /** The message in the bytes; absent fields are absent. Throws when the bytes are not such a message. */
  decode(bytes: Uint8Array): Shape;
}

/** Returns a function from the name of a message in the schema to its codec. */
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
