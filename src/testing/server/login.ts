/** The end of the handshake: the client says who it is, and is logged in, registered, or refused. */
import type { CompanionDevice, DeviceKeys } from "../network/companion-device.js";
import type { Network } from "../network/network.js";
import { prefixedKey, xeddsaVerify } from "../signal/index.js";
import { KEY_TYPE_BYTE, sameBytes } from "../signal/key-bytes.js";
import { proto, type ClientPayload, type DevicePairingData } from "../wire/proto.js";
import { releaseTraffic } from "./activation.js";
import type { Connection } from "./connection.js";
import { DeviceSession } from "./device-session.js";
import type { Linking } from "./linking/linking.js";
import { Registration } from "./registration.js";

/** What a login needs of the emulator. */
export interface LoginServices {
  readonly network: Network;
  readonly linking: Linking;
}

/** Handles a client's payload; `noiseKey` is the static key its handshake proved. */
export function signIn(
  services: LoginServices,
  connection: Connection,
  noiseKey: Uint8Array,
  payload: ClientPayload,
): void {
  const { network } = services;
  if (isOutdated(payload, network.context.behaviour.minimumVersion)) return refuse(network, connection, 405);
  if (payload.devicePairingData !== undefined) {
    return register(services, connection, noiseKey, payload.devicePairingData);
  }
  login(network, connection, noiseKey, payload);
}

function register(
  { network, linking }: LoginServices,
  connection: Connection,
  noiseKey: Uint8Array,
  data: DevicePairingData,
): void {
  const keys = keysOf(noiseKey, data);
  if (typeof keys === "string") {
    connection.reportViolation(keys);
    return refuse(network, connection, 400);
  }
  const { context } = network;
  const platform = data.deviceProps === undefined ? undefined : proto.deviceProps.decode(data.deviceProps).os;
  const client = { keys, platform: platform ?? "unknown" };
  const registration = new Registration(context, linking, connection, client);
  connection.handler = registration;
  context.events.emit("registered", connection.facts);
  registration.issueRefs();
}

/** The keys of a registration, or what is wrong with them. */
function keysOf(noiseKey: Uint8Array, data: DevicePairingData): DeviceKeys | string {
  const { eRegid, eKeytype, eIdent, eSkeyId, eSkeyVal, eSkeySig } = data;
  if (eRegid?.length !== 4) return "A registration id must be 4 bytes";
  if (!sameBytes(eKeytype, Buffer.of(KEY_TYPE_BYTE))) return "The key type of a registration must be 5";
  if (eIdent?.length !== 32) return "An identity key must be 32 bytes";
  if (eSkeyId?.length !== 3) return "The id of a signed pre-key must be 3 bytes";
  if (eSkeyVal?.length !== 32 || eSkeySig?.length !== 64)
    return "A signed pre-key must be 32 bytes, its signature 64";
  if (!xeddsaVerify(eIdent, prefixedKey(eSkeyVal), eSkeySig)) {
    return "The signed pre-key of a registration is not signed by its identity key";
  }
  const id = Buffer.from(eSkeyId).readUIntBE(0, 3);
  return {
    noiseKey,
    identityKey: eIdent,
    registrationId: Buffer.from(eRegid).readUInt32BE(),
    signedPreKey: { id, publicKey: eSkeyVal, signature: eSkeySig },
  };
}

function login(network: Network, connection: Connection, noiseKey: Uint8Array, payload: ClientPayload): void {
  const account = network.directory.find(String(payload.username ?? ""));
  const proceed = (): void => {
    const device = account?.device(payload.device ?? 0);
    if (account === undefined || device === undefined || !isKeyOf(device, noiseKey)) {
      return refuse(network, connection, 401);
    }
    connection.handler = new DeviceSession(network, connection, { account, device });
    // A client that is not passive need not ask for its traffic.
    if (payload.passive !== true)
      connection.step("active", { proceed: () => releaseTraffic(network, connection, { account, device }) });
  };
  connection.step("login", { proceed, phoneNumber: account?.phoneNumber });
}

function isKeyOf(device: CompanionDevice, noiseKey: Uint8Array): boolean {
  return sameBytes(device.keys.noiseKey, noiseKey);
}

function refuse({ context }: Network, connection: Connection, reason: number): void {
  connection.perform({ failure: { reason, location: "emu" } });
  context.events.emit("login-refused", { ...connection.facts, reason });
}

function isOutdated(payload: ClientPayload, minimum: readonly number[] | undefined): boolean {
  if (minimum === undefined) return false;
  const { primary = 0, secondary = 0, tertiary = 0 } = payload.userAgent?.appVersion ?? {};
  const version = [primary, secondary, tertiary];
  const different = version.findIndex((part, index) => part !== minimum[index]);
  return different >= 0 && (version[different] ?? 0) < (minimum[different] ?? 0);
}
