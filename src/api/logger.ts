/** The logger port: pino fits, and so does anything with five methods. */

/**
 * A pino-compatible logger. The engine never passes it a credential, QR code, pairing code or API key.
 *
 * @example
 * const manager = new SessionManager({ logger: pino() });
 */
export interface Logger {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A logger that writes nothing. */
export const SILENT: Logger = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
