/**
 * The protobuf messages the emulator reads and writes, only with the fields it needs: protobuf skips unknown fields.
 * Field numbers are the service's.
 */
import { codecsOf } from "./codec.js";

const SCHEMA = `
syntax = "proto2";
message HandshakeMessage {
  message ClientHello { optional bytes ephemeral = 1; }
  message ServerHello { optional bytes ephemeral = 1; optional bytes static = 2; optional bytes payload = 3; }
  message ClientFinish { optional bytes static = 1; optional bytes payload = 2; }
  optional ClientHello clientHello = 2;
  optional ServerHello serverHello = 3;
  optional ClientFinish clientFinish = 4;
}
message CertChain {
  message NoiseCertificate { optional bytes details = 1; optional bytes signature = 2; }
  optional NoiseCertificate leaf = 1;
  optional NoiseCertificate intermediate = 2;
}
message CertDetails {
  optional uint32 serial = 1; optional uint32 issuerSerial = 2; optional bytes key = 3;
  optional uint64 notBefore = 4; optional uint64 notAfter = 5;
}
message ClientPayload {
  message AppVersion { optional uint32 primary = 1; optional uint32 secondary = 2; optional uint32 tertiary = 3; }
  message UserAgent { optional int32 platform = 1; optional AppVersion appVersion = 2; }
  message DevicePairingData {
    optional bytes eRegid = 1; optional bytes eKeytype = 2; optional bytes eIdent = 3; optional bytes eSkeyId = 4;
    optional bytes eSkeyVal = 5; optional bytes eSkeySig = 6; optional bytes buildHash = 7; optional bytes deviceProps = 8;
  }
  optional uint64 username = 1; optional bool passive = 3; optional UserAgent userAgent = 5;
  optional uint32 device = 18; optional DevicePairingData devicePairingData = 19;
}
message DeviceProps { optional string os = 1; optional int32 platformType = 3; }
message AdvDeviceIdentity {
  optional uint32 rawId = 1; optional uint64 timestamp = 2; optional uint32 keyIndex = 3;
  optional uint32 accountType = 4; optional uint32 deviceType = 5;
}
message AdvSignedDeviceIdentity {
  optional bytes details = 1; optional bytes accountSignatureKey = 2;
  optional bytes accountSignature = 3; optional bytes deviceSignature = 4;
}
message AdvSignedDeviceIdentityHmac { optional bytes details = 1; optional bytes hmac = 2; }
`;

const codec = codecsOf(SCHEMA);

/** One of the three messages of the handshake. */
export interface HandshakeMessage {
  readonly clientHello?: { readonly ephemeral?: Uint8Array };
  readonly serverHello?: {
    readonly ephemeral: Uint8Array;
    readonly static: Uint8Array;
    readonly payload: Uint8Array;
  };
  readonly clientFinish?: { readonly static?: Uint8Array; readonly payload?: Uint8Array };
}

interface NoiseCertificate {
  readonly details: Uint8Array;
  readonly signature: Uint8Array;
}

/** The certificates of the service, from its key up to one signed by the root. */
export interface CertChain {
  readonly leaf: NoiseCertificate;
  readonly intermediate: NoiseCertificate;
}

/** The signed part of a certificate; times in seconds. */
export interface CertDetails {
  readonly serial: number;
  readonly issuerSerial: number;
  readonly key: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Keys an unlinked client registers with. */
export interface DevicePairingData {
  readonly eRegid?: Uint8Array;
  readonly eKeytype?: Uint8Array;
  readonly eIdent?: Uint8Array;
  readonly eSkeyId?: Uint8Array;
  readonly eSkeyVal?: Uint8Array;
  readonly eSkeySig?: Uint8Array;
  readonly buildHash?: Uint8Array;
  readonly deviceProps?: Uint8Array;
}

/** Who a client says it is: a login names its account and device, a registration carries keys. */
export interface ClientPayload {
  readonly username?: number;
  readonly device?: number;
  readonly passive?: boolean;
  readonly userAgent?: {
    readonly platform?: number;
    readonly appVersion?: {
      readonly primary?: number;
      readonly secondary?: number;
      readonly tertiary?: number;
    };
  };
  readonly devicePairingData?: DevicePairingData;
}

/** How a companion describes itself to the user. */
export interface DeviceProps {
  readonly os?: string;
  readonly platformType?: number;
}

/** What the phone signs about a companion; time in seconds. */
export interface AdvDeviceIdentity {
  readonly rawId: number;
  readonly timestamp: number;
  readonly keyIndex: number;
  readonly accountType: number;
  readonly deviceType: number;
}

/** A device identity with the signatures of phone and companion. */
export interface AdvSignedDeviceIdentity {
  readonly details?: Uint8Array;
  readonly accountSignatureKey?: Uint8Array;
  readonly accountSignature?: Uint8Array;
  readonly deviceSignature?: Uint8Array;
}

/** A signed device identity, sealed with the secret only phone and companion know. */
export interface AdvSignedDeviceIdentityHmac {
  readonly details: Uint8Array;
  readonly hmac: Uint8Array;
}

/** Every message kind, by name. */
export const proto = {
  handshake: codec<HandshakeMessage>("HandshakeMessage"),
  certChain: codec<CertChain>("CertChain"),
  certDetails: codec<CertDetails>("CertDetails"),
  clientPayload: codec<ClientPayload>("ClientPayload"),
  deviceProps: codec<DeviceProps>("DeviceProps"),
  advDeviceIdentity: codec<AdvDeviceIdentity>("AdvDeviceIdentity"),
  advSignedDeviceIdentity: codec<AdvSignedDeviceIdentity>("AdvSignedDeviceIdentity"),
  advSignedDeviceIdentityHmac: codec<AdvSignedDeviceIdentityHmac>("AdvSignedDeviceIdentityHmac"),
} as const;
