/** What an account shows of itself: about text, picture, business profile; and to whom. */

/** Settings of an account's privacy, by the names that the service has for them. */
const PRIVACY_DEFAULTS: Readonly<Record<string, string>> = {
  last: "all",
  online: "all",
  profile: "all",
  status: "all",
  // `all` is what makes clients send `read` rather than `read-self`.
  readreceipts: "all",
  groupadd: "all",
  calladd: "all",
  messages: "all",
};

/** What each setting may be. */
const PRIVACY_VALUES: Readonly<Record<string, readonly string[]>> = {
  online: ["all", "match_last_seen"],
  readreceipts: ["all", "none"],
  calladd: ["all", "known"],
  messages: ["all", "contacts"],
};
const USUAL_VALUES = ["all", "contacts", "contact_blacklist", "none"];

/** What a business tells about itself. */
export interface BusinessInput {
  readonly description?: string;
  readonly address?: string;
  readonly email?: string;
  readonly website?: string;
  readonly category?: string;
}

/** A product of a catalogue; the price in thousandths. */
export interface CatalogProduct {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly price: string;
  readonly currency: string;
  readonly retailerId: string | undefined;
  readonly url: string | undefined;
  readonly isHidden: boolean;
  readonly imageUrls: readonly string[];
}

/** A picture of an account or a group. */
export interface ProfilePicture {
  readonly id: string;
  readonly bytes: Buffer;
  /** Path on the media host. */
  readonly path: string;
}

/** The profile of one account. */
export class Profile {
  /** The about text; empty when there is none. */
  about = "";
  /** Seconds. */
  aboutSetAt = 0;
  picture: ProfilePicture | undefined;
  /** Undefined: the account is no business. */
  business: BusinessInput | undefined;
  /** Id of the cover photo of a business, when it has one. */
  coverPhoto: string | undefined;
  readonly products = new Map<string, CatalogProduct>();
  /** After how many seconds messages of new chats disappear (0: never), and when that was set, in seconds. */
  disappearing = { seconds: 0, setAt: 0 };
  readonly #privacy = new Map(Object.entries(PRIVACY_DEFAULTS));

  constructor(business: BusinessInput | undefined) {
    this.business = business;
  }

  /** The settings of privacy, by name. */
  get privacy(): ReadonlyMap<string, string> {
    return this.#privacy;
  }

  /** Changes a setting; returns false when there is no such setting or value. */
  setPrivacy(name: string, value: string): boolean {
    if (!this.#privacy.has(name) || !(PRIVACY_VALUES[name] ?? USUAL_VALUES).includes(value)) return false;
    this.#privacy.set(name, value);
    return true;
  }

  /** Changes after how many seconds messages of new chats disappear. */
  setDisappearing(seconds: number, setAt: number): void {
    this.disappearing = { seconds, setAt };
  }

  /** Whether nobody may see, or do, what the setting is about. */
  hides(name: string): boolean {
    return this.#privacy.get(name) === "none";
  }
}
