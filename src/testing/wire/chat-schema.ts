/** The schema of message content, with the fields the emulator reads and writes. Field numbers are the service's. */

/** What may stand around a message: who it quotes and mentions, whether it was forwarded, when it disappears. */
const CONTEXT = `
message MessageKey {
  optional string remoteJid = 1; optional bool fromMe = 2; optional string id = 3; optional string participant = 4;
}
message ContextInfo {
  optional string stanzaId = 1; optional string participant = 2; optional ChatMessage quotedMessage = 3;
  optional string remoteJid = 4; repeated string mentionedJid = 15; optional uint32 forwardingScore = 21;
  optional bool isForwarded = 22; optional uint32 expiration = 25; optional int64 ephemeralSettingTimestamp = 26;
}
message MessageContextInfo { optional bytes messageSecret = 3; }
`;

/** Between the devices of one account, and about other messages. */
const PROTOCOL = `
message KeyId { optional bytes keyId = 1; }
message Fingerprint { optional uint32 rawId = 1; optional uint32 currentIndex = 2; repeated uint32 deviceIndexes = 3; }
message KeyData { optional bytes keyData = 1; optional Fingerprint fingerprint = 2; optional int64 timestamp = 3; }
message AppStateSyncKey { optional KeyId keyId = 1; optional KeyData keyData = 2; }
message AppStateSyncKeyShare { repeated AppStateSyncKey keys = 1; }
message HistorySyncNotification {
  optional bytes fileSha256 = 1; optional uint64 fileLength = 2; optional bytes mediaKey = 3; optional bytes fileEncSha256 = 4;
  optional string directPath = 5; optional uint32 syncType = 6; optional uint32 chunkOrder = 7; optional uint32 progress = 9;
  optional bytes initialHistBootstrapInlinePayload = 11; optional string peerDataRequestSessionId = 12;
}
message OnDemandRequest {
  optional string chatJid = 1; optional string oldestMsgId = 2; optional bool oldestMsgFromMe = 3;
  optional int32 onDemandMsgCount = 4; optional int64 oldestMsgTimestampMs = 5;
}
message ResendRequest { optional MessageKey messageKey = 1; }
message PeerRequest {
  optional uint32 peerDataOperationRequestType = 1; optional OnDemandRequest historySyncOnDemandRequest = 4;
  repeated ResendRequest placeholderMessageResendRequest = 5;
}
message ResendResponse { optional bytes webMessageInfoBytes = 1; }
message PeerResult { optional uint32 mediaUploadResult = 1; optional ResendResponse placeholderMessageResendResponse = 4; }
message PeerResponse {
  optional uint32 peerDataOperationRequestType = 1; optional string stanzaId = 2; repeated PeerResult peerDataOperationResult = 3;
}
message ProtocolMessage {
  optional MessageKey key = 1; optional uint32 type = 2; optional uint32 ephemeralExpiration = 4;
  optional int64 ephemeralSettingTimestamp = 5; optional HistorySyncNotification historySyncNotification = 6;
  optional AppStateSyncKeyShare appStateSyncKeyShare = 7; optional ChatMessage editedMessage = 14;
  optional int64 timestampMs = 15; optional PeerRequest peerDataOperationRequestMessage = 16;
  optional PeerResponse peerDataOperationRequestResponseMessage = 17; optional MemberLabel memberLabel = 27;
}
message MemberLabel { optional string label = 1; optional int64 labelTimestamp = 2; }
message SenderKeyDistributionMessage { optional string groupId = 1; optional bytes axolotlSenderKeyDistributionMessage = 2; }
message ReactionMessage { optional MessageKey key = 1; optional string text = 2; optional int64 senderTimestampMs = 4; }
message PinMessage { optional MessageKey key = 1; optional uint32 type = 2; optional int64 senderTimestampMs = 3; }
message KeepMessage { optional MessageKey key = 1; optional uint32 keepType = 2; optional int64 timestampMs = 3; }
message DeviceSent { optional string destinationJid = 1; optional ChatMessage message = 2; }
`;

const MEDIA = `
message Image {
  optional string url = 1; optional string mimetype = 2; optional string caption = 3; optional bytes fileSha256 = 4;
  optional uint64 fileLength = 5; optional uint32 height = 6; optional uint32 width = 7; optional bytes mediaKey = 8;
  optional bytes fileEncSha256 = 9; optional string directPath = 11; optional int64 mediaKeyTimestamp = 12;
  optional bytes jpegThumbnail = 16; optional ContextInfo contextInfo = 17; optional bool viewOnce = 25;
}
message Video {
  optional string url = 1; optional string mimetype = 2; optional bytes fileSha256 = 3; optional uint64 fileLength = 4;
  optional uint32 seconds = 5; optional bytes mediaKey = 6; optional string caption = 7; optional bool gifPlayback = 8;
  optional uint32 height = 9; optional uint32 width = 10; optional bytes fileEncSha256 = 11; optional string directPath = 13;
  optional int64 mediaKeyTimestamp = 14; optional bytes jpegThumbnail = 16; optional ContextInfo contextInfo = 17;
  optional bool viewOnce = 20;
}
message Audio {
  optional string url = 1; optional string mimetype = 2; optional bytes fileSha256 = 3; optional uint64 fileLength = 4;
  optional uint32 seconds = 5; optional bool ptt = 6; optional bytes mediaKey = 7; optional bytes fileEncSha256 = 8;
  optional string directPath = 9; optional int64 mediaKeyTimestamp = 10; optional ContextInfo contextInfo = 17;
  optional bytes waveform = 19; optional bool viewOnce = 21;
}
message Document {
  optional string url = 1; optional string mimetype = 2; optional string title = 3; optional bytes fileSha256 = 4;
  optional uint64 fileLength = 5; optional uint32 pageCount = 6; optional bytes mediaKey = 7; optional string fileName = 8;
  optional bytes fileEncSha256 = 9; optional string directPath = 10; optional int64 mediaKeyTimestamp = 11;
  optional bytes jpegThumbnail = 16; optional ContextInfo contextInfo = 17; optional string caption = 20;
}
message Sticker {
  optional string url = 1; optional bytes fileSha256 = 2; optional bytes fileEncSha256 = 3; optional bytes mediaKey = 4;
  optional string mimetype = 5; optional uint32 height = 6; optional uint32 width = 7; optional string directPath = 8;
  optional uint64 fileLength = 9; optional int64 mediaKeyTimestamp = 10; optional bool isAnimated = 13;
  optional ContextInfo contextInfo = 17;
}
`;

const PLAIN = `
message ExtendedText {
  optional string text = 1; optional string matchedText = 2; optional string description = 5; optional string title = 6;
  optional bytes jpegThumbnail = 16; optional ContextInfo contextInfo = 17; optional bool viewOnce = 30;
}
message Location {
  optional double degreesLatitude = 1; optional double degreesLongitude = 2; optional string name = 3; optional string address = 4;
  optional string url = 5; optional bool isLive = 6; optional string comment = 11; optional ContextInfo contextInfo = 17;
}
message LiveLocation {
  optional double degreesLatitude = 1; optional double degreesLongitude = 2; optional string caption = 6;
  optional ContextInfo contextInfo = 17;
}
message Contact { optional string displayName = 1; optional string vcard = 16; optional ContextInfo contextInfo = 17; }
message Contacts { optional string displayName = 1; repeated Contact contacts = 2; optional ContextInfo contextInfo = 17; }
message GroupInvite {
  optional string groupJid = 1; optional string inviteCode = 2; optional int64 inviteExpiration = 3; optional string groupName = 4;
  optional string caption = 6; optional ContextInfo contextInfo = 7;
}
message ProductSnapshot {
  optional Image productImage = 1; optional string productId = 2; optional string title = 3; optional string description = 4;
  optional string currencyCode = 5; optional int64 priceAmount1000 = 6;
}
message Product {
  optional ProductSnapshot product = 1; optional string businessOwnerJid = 2; optional string body = 5; optional string footer = 6;
  optional ContextInfo contextInfo = 17;
}
message Event {
  optional ContextInfo contextInfo = 1; optional bool isCanceled = 2; optional string name = 3; optional string description = 4;
  optional int64 startTime = 7;
}
message Wrapped { optional ChatMessage message = 1; }
`;

/** Messages that ask for a choice, and the answers. */
const CHOICES = `
message ButtonText { optional string displayText = 1; }
message NativeFlow { optional string name = 1; optional string paramsJson = 2; }
message Button {
  optional string buttonId = 1; optional ButtonText buttonText = 2; optional uint32 type = 3; optional NativeFlow nativeFlowInfo = 4;
}
message Buttons {
  optional string text = 1; optional Document documentMessage = 2; optional Image imageMessage = 3; optional Video videoMessage = 4;
  optional Location locationMessage = 5; optional string contentText = 6; optional string footerText = 7;
  optional ContextInfo contextInfo = 8; repeated Button buttons = 9; optional uint32 headerType = 10;
}
message ButtonsResponse {
  optional string selectedButtonId = 1; optional string selectedDisplayText = 2; optional ContextInfo contextInfo = 3;
  optional uint32 type = 4;
}
message Row { optional string title = 1; optional string description = 2; optional string rowId = 3; }
message Section { optional string title = 1; repeated Row rows = 2; }
message List {
  optional string title = 1; optional string description = 2; optional string buttonText = 3; optional uint32 listType = 4;
  repeated Section sections = 5; optional string footerText = 7; optional ContextInfo contextInfo = 8;
}
message SingleSelect { optional string selectedRowId = 1; }
message ListResponse {
  optional string title = 1; optional uint32 listType = 2; optional SingleSelect singleSelectReply = 3;
  optional ContextInfo contextInfo = 4; optional string description = 5;
}
message QuickReply { optional string displayText = 1; optional string id = 2; }
message UrlButton { optional string displayText = 1; optional string url = 2; }
message CallButton { optional string displayText = 1; optional string phoneNumber = 2; }
message HydratedButton {
  optional QuickReply quickReplyButton = 1; optional UrlButton urlButton = 2; optional CallButton callButton = 3;
  optional uint32 index = 4;
}
message HydratedTemplate {
  optional Document documentMessage = 1; optional string hydratedTitleText = 2; optional Image imageMessage = 3;
  optional Video videoMessage = 4; optional Location locationMessage = 5; optional string hydratedContentText = 6;
  optional string hydratedFooterText = 7; repeated HydratedButton hydratedButtons = 8;
}
message Template {
  optional HydratedTemplate hydratedFourRowTemplate = 2; optional ContextInfo contextInfo = 3;
  optional HydratedTemplate hydratedTemplate = 4; optional Interactive interactiveMessageTemplate = 5;
}
message TemplateReply {
  optional string selectedId = 1; optional string selectedDisplayText = 2; optional ContextInfo contextInfo = 3;
  optional uint32 selectedIndex = 4;
}
message InteractiveHeader {
  optional string title = 1; optional string subtitle = 2; optional Document documentMessage = 3; optional Image imageMessage = 4;
  optional Video videoMessage = 7; optional Location locationMessage = 8;
}
message TextBody { optional string text = 1; }
message FlowButton { optional string name = 1; optional string buttonParamsJson = 2; }
message Flow { repeated FlowButton buttons = 1; optional string messageParamsJson = 2; }
message Carousel { repeated Interactive cards = 1; }
message Interactive {
  optional InteractiveHeader header = 1; optional TextBody body = 2; optional TextBody footer = 3; optional Flow nativeFlowMessage = 6;
  optional Carousel carouselMessage = 7; optional ContextInfo contextInfo = 15;
}
message FlowResponse { optional string name = 1; optional string paramsJson = 2; optional int32 version = 3; }
message InteractiveResponse {
  optional TextBody body = 1; optional FlowResponse nativeFlowResponseMessage = 2; optional ContextInfo contextInfo = 15;
}
message PollOption { optional string optionName = 1; }
message Poll {
  optional bytes encKey = 1; optional string name = 2; repeated PollOption options = 3; optional uint32 selectableOptionsCount = 4;
  optional ContextInfo contextInfo = 5;
}
message PollEncValue { optional bytes encPayload = 1; optional bytes encIv = 2; }
message PollUpdate {
  optional MessageKey pollCreationMessageKey = 1; optional PollEncValue vote = 2; optional int64 senderTimestampMs = 4;
}
message PollVote { repeated bytes selectedOptions = 1; }
`;

const MESSAGE = `
message ChatMessage {
  optional string conversation = 1; optional SenderKeyDistributionMessage senderKeyDistributionMessage = 2;
  optional Image imageMessage = 3; optional Contact contactMessage = 4; optional Location locationMessage = 5;
  optional ExtendedText extendedTextMessage = 6; optional Document documentMessage = 7; optional Audio audioMessage = 8;
  optional Video videoMessage = 9; optional ProtocolMessage protocolMessage = 12; optional Contacts contactsArrayMessage = 13;
  optional LiveLocation liveLocationMessage = 18; optional Template templateMessage = 25; optional Sticker stickerMessage = 26;
  optional GroupInvite groupInviteMessage = 28; optional TemplateReply templateButtonReplyMessage = 29;
  optional Product productMessage = 30; optional DeviceSent deviceSentMessage = 31;
  optional MessageContextInfo messageContextInfo = 35; optional List listMessage = 36; optional Wrapped viewOnceMessage = 37;
  optional ListResponse listResponseMessage = 39; optional Wrapped ephemeralMessage = 40; optional Buttons buttonsMessage = 42;
  optional ButtonsResponse buttonsResponseMessage = 43; optional Interactive interactiveMessage = 45;
  optional ReactionMessage reactionMessage = 46; optional InteractiveResponse interactiveResponseMessage = 48;
  optional Poll pollCreationMessage = 49; optional PollUpdate pollUpdateMessage = 50; optional KeepMessage keepInChatMessage = 51;
  optional Wrapped documentWithCaptionMessage = 53; optional Wrapped viewOnceMessageV2 = 55; optional Wrapped editedMessage = 58;
  optional Wrapped viewOnceMessageV2Extension = 59; optional Poll pollCreationMessageV2 = 60; optional PinMessage pinInChatMessage = 63;
  optional Poll pollCreationMessageV3 = 64; optional Video ptvMessage = 66; optional Event eventMessage = 75;
}
`;

const HISTORY = `
message WebMessageInfo {
  required MessageKey key = 1; optional ChatMessage message = 2; optional uint64 messageTimestamp = 3;
  optional string participant = 5; optional string pushName = 19;
}
message HistorySyncMsg { optional WebMessageInfo message = 1; optional uint64 msgOrderId = 2; }
message Conversation {
  required string id = 1; repeated HistorySyncMsg messages = 2; optional uint32 unreadCount = 6;
  optional uint64 conversationTimestamp = 12; optional string name = 13; optional uint32 endOfHistoryTransferType = 11;
}
message Pushname { optional string id = 1; optional string pushname = 2; }
message HistorySync {
  required uint32 syncType = 1; repeated Conversation conversations = 2; optional uint32 chunkOrder = 5;
  optional uint32 progress = 6; repeated Pushname pushnames = 7;
}
message MediaRetry { optional string stanzaId = 1; optional string directPath = 2; optional uint32 result = 3; }
message ServerErrorReceipt { optional string stanzaId = 1; }
`;

/** Everything, for one parser. */
export const CHAT_SCHEMA = [
  'syntax = "proto2";',
  CONTEXT,
  PROTOCOL,
  MEDIA,
  PLAIN,
  CHOICES,
  MESSAGE,
  HISTORY,
].join("\n");
