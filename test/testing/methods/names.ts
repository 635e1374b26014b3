/** The public methods of each library's socket. */
const SHARED = `generateMessageTag query waitForMessage waitForSocketOpen sendRawMessage sendNode uploadPreKeys requestPairingCode
  waitForConnectionUpdate upsertMessage onUnexpectedError fetchPrivacySettings updateCallPrivacy updateMessagesPrivacy
  updateLastSeenPrivacy updateOnlinePrivacy updateProfilePicturePrivacy updateStatusPrivacy updateReadReceiptsPrivacy
  updateGroupsAddPrivacy sendPresenceUpdate presenceSubscribe profilePictureUrl updateProfilePicture onWhatsApp fetchStatus
  updateProfileStatus updateProfileName fetchBlocklist updateBlockStatus resyncAppState appPatch chatModify addLabel addChatLabel
  removeChatLabel addMessageLabel removeMessageLabel sendMessage relayMessage readMessages sendReceipt sendReceipts sendMessageAck
  sendRetryRequest getUSyncDevices assertSessions sendPeerDataOperationMessage requestPlaceholderResend fetchMessageHistory
  rejectCall refreshMediaConn waUploadToServer updateMediaMessage groupCreate groupMetadata groupFetchAllParticipating
  groupUpdateSubject groupUpdateDescription groupParticipantsUpdate groupLeave groupInviteCode groupRevokeInvite
  groupGetInviteInfo groupAcceptInvite groupAcceptInviteV4 groupToggleEphemeral groupSettingUpdate getBusinessProfile productCreate
  productUpdate productDelete getCatalog getCollections getOrderDetails logout end`;

/** Those that both Baileys have, and whaileys has not. */
const BAILEYS = `uploadPreKeysToServerIfRequired sendWAMBuffer executeUSyncQuery updateDefaultDisappearingMode
  fetchDisappearingDuration removeProfilePicture cleanDirtyBits star createParticipantNodes groupMemberAddMode
  groupJoinApprovalMode groupRequestParticipantsList groupRequestParticipantsUpdate groupRevokeInviteV4`;

const BAILEYS_7 = `digestKeyBundle rotateSignedPreKey updateServerTimeOffset sendUnifiedSession registerSocketEndHandler
  fetchAccountReachoutTimelock fetchNewChatMessageCap issuePrivacyTokens getBotListV2 createCallLink
  updateDisableLinkPreviewsPrivacy addOrEditQuickReply removeQuickReply addOrEditContact removeContact getMediaHost
  updateMemberLabel updateBussinesProfile updateCoverPhoto removeCoverPhoto newsletterCreate newsletterUpdate
  newsletterUpdateName newsletterUpdateDescription newsletterUpdatePicture newsletterRemovePicture newsletterMetadata
  newsletterSubscribers newsletterFollow newsletterUnfollow newsletterMute newsletterUnmute newsletterReactMessage
  newsletterFetchMessages subscribeNewsletterUpdates newsletterAdminCount newsletterChangeOwner newsletterDemote
  newsletterDelete communityCreate communityFetchAllParticipating communityMetadata communityCreateGroup communityLeave
  communityUpdateSubject communityUpdateDescription communityLinkGroup communityUnlinkGroup communityFetchLinkedGroups
  communityRequestParticipantsList communityRequestParticipantsUpdate communityParticipantsUpdate communityInviteCode
  communityRevokeInvite communityAcceptInvite communityRevokeInviteV4 communityAcceptInviteV4 communityGetInviteInfo
  communityToggleEphemeral communitySettingUpdate communityMemberAddMode communityJoinApprovalMode`;

const words = (...texts: readonly string[]): readonly string[] => texts.join(" ").split(/\s+/u);

/** By the name of the library; a test compares them with the socket. */
export const METHODS: Readonly<Record<string, readonly string[]>> = {
  whaileys: words(SHARED, "getPrivacyTokens addOrEditContact removeContact"),
  "Baileys 6.17.16": words(SHARED, BAILEYS, "getPrivacyTokens"),
  "Baileys 7": words(SHARED, BAILEYS, BAILEYS_7),
};
