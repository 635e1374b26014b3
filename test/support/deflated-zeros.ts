/** What a few kilobytes become much of. */
import { constants, deflateRawSync } from "node:zlib";

const BLOCK = 16 * 1024 * 1024;
/** Of Adler-32. */
const MODULUS = 65_521;

/** So many zeros (a multiple of 16 MiB), deflated, without there ever being so many in memory. */
export function deflatedZeros(bytes: number): Buffer {
  const block = deflateRawSync(Buffer.alloc(BLOCK), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  const checksum = Buffer.alloc(4);
  checksum.writeUInt16BE(bytes % MODULUS, 0);
  checksum.writeUInt16BE(1, 2);
  const header = Buffer.of(0x78, 0xda);
  const lastBlock = Buffer.of(0x03, 0x00);
  return Buffer.concat([header, ...Array<Buffer>(bytes / BLOCK).fill(block), lastBlock, checksum]);
}
