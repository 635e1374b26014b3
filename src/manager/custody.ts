/** Commands that delete the credentials of sessions, replace them, and bring deleted ones back. */
import type {
  ImportedFolder,
  ImportOptions,
  RemovalOptions,
  RestoreSnapshotOptions,
  Tombstone,
  WrittenAuth,
} from "../api/backup.js";
import { BACKUP_MS, COMMAND_MS, inTime } from "../async/command-deadline.js";
import type { LogoutResult, SessionInfo } from "../api/session-info.js";
import type { SessionRecord } from "../api/session-record.js";
import type { RemovalKind } from "../session/removal.js";
import type { Session } from "../session/session.js";
import type { ManagerParts } from "./compose.js";
import { present } from "./session-views.js";

type CustodyParts = Pick<ManagerParts, "registry" | "backups" | "logger" | "publisher">;

type RemovalParts = Pick<ManagerParts, "registry" | "services" | "backups">;

/** See `SessionManager.delete`. */
export async function deleteSession(parts: RemovalParts, id: string, options: RemovalOptions): Promise<void> {
  const { registry } = parts;
  await removeSession(parts, id, { kind: "delete", options }).catch((error: unknown) =>
    registry.removeUnreadable(id, error, options),
  );
  registry.remove(id);
}

/** See `SessionManager.logout`; for `delete`, all of it but what the registry knows. */
export async function removeSession(
  { registry, services, backups }: RemovalParts,
  id: string,
  { kind, options }: { readonly kind: RemovalKind; readonly options: RemovalOptions },
): Promise<LogoutResult> {
  const timeoutMs = COMMAND_MS + services.timeouts.unlinkMs;
  const removing = async (): Promise<LogoutResult> => {
    const result = await (await registry.get(id)).remove({ kind, options });
    // It may have joined one that was asked for without the option.
    if (options.tombstone === false) await backups.tombstones.erase(id);
    return result;
  };
  return inTime(kind, removing, timeoutMs);
}

/** See `SessionManager.exportCredentials`. */
export async function exportCredentials(
  { backups, logger }: CustodyParts,
  { id }: Session,
  passphrase: string,
): Promise<string> {
  const bundle = await backups.exportBundle(id, passphrase);
  logger.info({ sessionId: id }, "Credentials exported");
  return bundle;
}

/** See `SessionManager.importCredentials`. */
export async function importBundle(
  parts: CustodyParts,
  session: Session,
  bundle: string,
  options: ImportOptions,
): Promise<WrittenAuth> {
  const result = await parts.backups.importBundle(session, bundle, options);
  credentialsReplaced(parts, session.id, { ...result, how: "imported from a bundle" });
  return result;
}

/** See `SessionManager.importAuthFolder`. */
export async function importFolder(
  parts: CustodyParts,
  session: Session,
  folder: string,
  force = false,
): Promise<ImportedFolder> {
  const result = await parts.backups.importFolder(session, folder, force);
  credentialsReplaced(parts, session.id, { ...result, how: "imported from an auth folder" });
  return result;
}

/** See `SessionManager.restoreSnapshot`. */
export async function restoreSnapshot(
  parts: CustodyParts,
  path: string,
  options: RestoreSnapshotOptions,
): Promise<SessionInfo> {
  const { registry, backups } = parts;
  await registry.load();
  const copy = await backups.inSnapshot(path, options);
  const session = await sessionOf(registry, copy.record);
  await backups.restore(session, copy, options.force ?? false);
  credentialsReplaced(parts, session.id, { how: "restored from a snapshot" });
  return present.info(session);
}

/** See `SessionManager.restoreTombstone`. */
export async function restoreTombstone(parts: CustodyParts, id: string): Promise<SessionInfo> {
  const { registry, backups } = parts;
  const restoring = async (): Promise<SessionInfo> => {
    await registry.load();
    const tombstone = await backups.tombstones.read(id);
    const session = await sessionOf(registry, { ...(tombstone.record ?? unknownRecord(id)), id });
    const written = await backups.tombstones.restore(session, tombstone);
    credentialsReplaced(parts, id, { ...written, how: "restored from a tombstone" });
    return present.info(session);
  };
  return inTime("restoring the tombstone", restoring, BACKUP_MS);
}

/** See `SessionManager.tombstones`. */
export async function listTombstones({ registry, backups }: CustodyParts): Promise<readonly Tombstone[]> {
  await registry.load();
  return inTime("tombstones", () => backups.tombstones.list());
}

/** See `SessionManager.eraseTombstone`. */
export async function eraseTombstone({ registry, backups }: CustodyParts, id: string): Promise<boolean> {
  await registry.load();
  return inTime("eraseTombstone", () => backups.tombstones.erase(id));
}

/** Reports that other credentials are stored now. */
function credentialsReplaced(
  { logger, publisher }: Pick<ManagerParts, "logger" | "publisher">,
  sessionId: string,
  { how, keys, droppedSessions, skipped }: Partial<ImportedFolder> & { readonly how: string },
): void {
  logger.info({ sessionId, keys, droppedSessions, skipped: skipped?.length }, `Credentials ${how}`);
  publisher.emit("session.updated", { sessionId });
}

/** The session of a record, made again if it does not exist any more. */
async function sessionOf(registry: ManagerParts["registry"], record: SessionRecord): Promise<Session> {
  const { verdict: _, ...kept } = record;
  const again = { ...kept, desired: "offline", status: "disconnected", phoneNumber: null } as const;
  return registry.find(record.id) ?? registry.add(again);
}

/** For a session whose record could not be read when it was deleted. */
function unknownRecord(id: string): SessionRecord {
  const now = new Date().toISOString();
  return {
    ...{ version: 1, id, name: id, desired: "offline", status: "disconnected", phoneNumber: null },
    ...{ webhook: null, proxy: null, createdAt: now, updatedAt: now },
  } as const;
}
