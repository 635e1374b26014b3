/** The libraries' mark of a message that they could not decrypt: `WebMessageInfo.StubType.CIPHERTEXT`. */
const CIPHERTEXT = 2;

/** Whether a message is only the stub of one that could not be decrypted. */
export function isUnreadable({ messageStubType }: { readonly messageStubType?: number | null }): boolean {
  return messageStubType === CIPHERTEXT;
}
