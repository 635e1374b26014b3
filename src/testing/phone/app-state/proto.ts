/** The protobuf messages of the app state, with the fields the emulator reads and writes. Field numbers are the service's. */
import { codecsOf } from "../../wire/codec.js";

const SCHEMA = `
syntax = "proto2";
message Blob { optional bytes blob = 1; }
message KeyId { optional bytes id = 1; }
message Version { optional uint64 version = 1; }
message SyncdRecord { optional Blob index = 1; optional Blob value = 2; optional KeyId keyId = 3; }
message SyncdMutation { optional uint32 operation = 1; optional SyncdRecord record = 2; }
message SyncdPatch {
  optional Version version = 1; repeated SyncdMutation mutations = 2; optional bytes snapshotMac = 4;
  optional bytes patchMac = 5; optional KeyId keyId = 6; optional uint32 deviceIndex = 8;
}
message Range { optional int64 lastMessageTimestamp = 1; }
message Starred { optional bool starred = 1; }
message Contact { optional string fullName = 1; optional string firstName = 2; }
message Muted { optional bool muted = 1; optional int64 muteEndTimestamp = 2; }
message Pinned { optional bool pinned = 1; }
message PushName { optional string name = 1; }
message Archived { optional bool archived = 1; optional Range messageRange = 2; }
message DeleteMessage { optional bool deleteMedia = 1; optional int64 messageTimestamp = 2; }
message Read { optional bool read = 1; optional Range messageRange = 2; }
message WithRange { optional Range messageRange = 1; }
message SyncActionValue {
  optional int64 timestamp = 1; optional Starred starAction = 2; optional Contact contactAction = 3;
  optional Muted muteAction = 4; optional Pinned pinAction = 5; optional PushName pushNameSetting = 7;
  optional Archived archiveChatAction = 17; optional DeleteMessage deleteMessageForMeAction = 18;
  optional Read markChatAsReadAction = 20; optional WithRange clearChatAction = 21; optional WithRange deleteChatAction = 22;
}
message SyncActionData {
  optional bytes index = 1; optional SyncActionValue value = 2; optional bytes padding = 3; optional int32 version = 4;
}
`;

/** One change, encrypted. */
export interface SyncdMutation {
  /** 0 or absent: set; 1: remove. */
  readonly operation?: number;
  readonly record?: {
    readonly index?: { readonly blob?: Uint8Array };
    /** Ciphertext, then 32 bytes of its MAC. */
    readonly value?: { readonly blob?: Uint8Array };
    readonly keyId?: { readonly id?: Uint8Array };
  };
}

/** The changes from one version of a collection to the next. */
export interface SyncdPatch {
  readonly version?: { readonly version: number };
  readonly mutations?: readonly SyncdMutation[];
  readonly snapshotMac?: Uint8Array;
  readonly patchMac?: Uint8Array;
  readonly keyId?: { readonly id: Uint8Array };
  readonly deviceIndex?: number;
}

/** One change, in the clear. */
export interface SyncActionData {
  /** JSON of an array of texts. */
  readonly index: Uint8Array;
  readonly value?: Readonly<Record<string, unknown>>;
  readonly padding?: Uint8Array;
  readonly version: number;
}

const codec = codecsOf(SCHEMA);

/** Reads and writes the changes of one version. */
export const syncdPatch = codec<SyncdPatch>("SyncdPatch");
/** Reads and writes one change in the clear. */
export const syncActionData = codec<SyncActionData>("SyncActionData");
