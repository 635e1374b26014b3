/** What happens when the handshake is over: the client says who it is, and is let in or turned away. */

import { DeviceSession } from "./device-session.js";
import type { DeviceKeys } from "../network/companion-device.js";
import type { Connection } from "./connection.js";
import { keyTypeByte, sameBytes } from "../signal/key-bytes.js";
import { Registration } from "./registration.js";
import type { Service } from "../network/service.js";
import { prefixedKey, xeddsaVerify } from "../signal/index.js";
import { proto, type ClientPayload, type DevicePairingData } from "../wire/proto.js";

/** Deals with a client's payload; `noiseKey` is the static key its handshake proved. */
export function signIn(
  service: Service,
  connection: Connection,
  noiseKey: Uint8Array,
  payload: ClientPayload,
): void {
  if (isOutdated(payload, service.behaviour.minimumVersion)) return refuse(service, connection, 405);
  if (payload.devicePairingData !== undefined) {
    return register(service, connection, noiseKey, payload.devicePairingData);
  }
  login(service, connection, noiseKey, payload);
}

function register(
  service: Service,
  connection: Connection,
  noiseKey: Uint8Array,
  data: DevicePairingData,
): void {
  const keys = keysOf(noiseKey, data);
  if (typeof keys === "string") {
    service.violation(connection, keys);
    return refuse(service, connection, 400);
  }
  const platform = data.deviceProps === undefined ? undefined : proto.deviceProps.decode(data.deviceProps).os;
  const registration = new Registration(service, connection, { keys, platform: platform ?? "unknown" });
  connection.handler = registration;
  service.hub.emit("registered", connection.facts);
  registration.issueRefs();
}

/** The keys of a registration, or what is wrong with them. */
function keysOf(noiseKey: Uint8Array, data: DevicePairingData): DeviceKeys | string {
  const { eRegid, eKeytype, eIdent, eSkeyId, eSkeyVal, eSkeySig } = data;
  if (eRegid?.length !== 4) return "A registration id must be 4 bytes.";
  if (!sameBytes(eKeytype, Buffer.of(keyTypeByte))) return "The key type of a registration must be 5.";
  if (eIdent?.length !== 32) return "An identity key must be 32 bytes.";
  if (eSkeyId?.length !== 3) return "The id of a signed pre-key must be 3 bytes.";
  if (eSkeyVal?.length !== 32 || eSkeySig?.length !== 64)
    return "A signed pre-key must be 32 bytes, its signature 64.";
  if (!xeddsaVerify(eIdent, prefixedKey(eSkeyVal), eSkeySig)) {
    return "The signed pre-key of a registration is not signed by its identity key.";
  }
  const id = Buffer.from(eSkeyId).readUIntBE(0, 3);
  return {
    noiseKey,
    identityKey: eIdent,
    registrationId: Buffer.from(eRegid).readUInt32BE(),
    signedPreKey: { id, publicKey: eSkeyVal, signature: eSkeySig },
  };
}

function login(service: Service, connection: Connection, noiseKey: Uint8Array, payload: ClientPayload): void {
  const account = service.directory.find(String(payload.username ?? ""));
  const go = (): void => {
    const device = account?.device(payload.device ?? 0);
    if (device === undefined || !sameBytes(device.keys.noiseKey, noiseKey)) {
      return refuse(service, connection, 401);
    }
    connection.handler = new DeviceSession(service, connection, device);
  };
  connection.step("login", { go, phoneNumber: account?.phoneNumber });
}

function refuse(service: Service, connection: Connection, reason: number): void {
  connection.perform({ failure: { reason, location: "emu" } });
  service.hub.emit("login-refused", { ...connection.facts, reason });
}

function isOutdated(payload: ClientPayload, minimum: readonly number[] | undefined): boolean {
  if (minimum === undefined) return false;
  const { primary = 0, secondary = 0, tertiary = 0 } = payload.userAgent?.appVersion ?? {};
  const version = [primary, secondary, tertiary];
  const different = version.findIndex((part, index) => part !== minimum[index]);
  return different >= 0 && (version[different] ?? 0) < (minimum[different] ?? 0);
}
