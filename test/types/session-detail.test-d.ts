/** Which fields of a `SessionDetail` follow from its state. */
import { expectTypeOf, test } from "vitest";
import type {
  FailureReason,
  IdleReason,
  LogoutCause,
  RestrictionReason,
  RetryReason,
  SessionDetail,
} from "zpwoot";

declare const detail: SessionDetail;

test("the state decides about reason, code, attempt and until", () => {
  switch (detail.state) {
    case "idle":
      expectTypeOf(detail.reason).toEqualTypeOf<IdleReason>();
      expectTypeOf(detail.code).toEqualTypeOf<undefined>();
      break;
    case "connecting":
    case "qr":
    case "pairing":
      expectTypeOf(detail.attempt).toEqualTypeOf<number>();
      expectTypeOf(detail.reason).toEqualTypeOf<undefined>();
      break;
    case "waiting":
      expectTypeOf(detail.reason).toEqualTypeOf<RetryReason>();
      expectTypeOf(detail.attempt).toEqualTypeOf<number>();
      expectTypeOf(detail.until).toEqualTypeOf<string>();
      break;
    case "loggedOut":
      expectTypeOf(detail.reason).toEqualTypeOf<LogoutCause>();
      break;
    case "restricted":
      expectTypeOf(detail.reason).toEqualTypeOf<RestrictionReason>();
      expectTypeOf(detail.until).toEqualTypeOf<string | undefined>();
      break;
    case "failed":
      expectTypeOf(detail.reason).toEqualTypeOf<FailureReason>();
      expectTypeOf(detail.code).toEqualTypeOf<number | undefined>();
      break;
    case "open":
    case "closing":
    case "conflict":
      expectTypeOf(detail.reason).toEqualTypeOf<undefined>();
      break;
    default:
      expectTypeOf(detail).toBeNever();
  }
});

test("every field can be read before the state is compared", () => {
  expectTypeOf(detail.until).toEqualTypeOf<string | undefined>();
  expectTypeOf(detail.attempt).toEqualTypeOf<number | undefined>();
});

test("the reason of a retry is also one of a failure, the reason of a restriction is not", () => {
  expectTypeOf<RetryReason>().toExtend<FailureReason>();
  expectTypeOf<RestrictionReason>().not.toExtend<FailureReason>();
});
