/** A session's record, as it is when the session was just created. */
import { randomUUID } from "node:crypto";
import type { SessionRecord } from "../../src/api/session-record.js";

export const newRecord = (name: string): SessionRecord => ({
  version: 1,
  id: randomUUID(),
  name,
  desired: "offline",
  status: "disconnected",
  phoneNumber: null,
  webhook: null,
  proxy: null,
  createdAt: new Date().toISOString(),
  updatedAt: new Date().toISOString(),
});
