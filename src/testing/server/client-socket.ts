/** The WebSocket under a connection, by its shape: the declarations of `ws` are not installed everywhere. */

/** A frame's content. */
export type FrameData = Buffer | ArrayBuffer | Buffer[];

/** The part of a WebSocket of `ws` that a connection uses: its types are not everywhere. */
export interface ClientSocket {
  readonly readyState: number;
  readonly OPEN: number;
  on(event: "message", listener: (data: FrameData, isBinary: boolean) => void): unknown;
  on(event: "close" | "error", listener: () => void): unknown;
  send(data: Uint8Array): void;
  close(code?: number): void;
  terminate(): void;
}
