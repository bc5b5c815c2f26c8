import { layerWebCrypto, SecureRandom } from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { createHmac, timingSafeEqual } from "node:crypto"

const label = "agentcom-sidecar control 2"

/** 32 bytes in hexadecimal: a key, a challenge or a proof. */
export const Hex32 = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))

/** What only who knows the key can say about these parts, the first of which is the role of who says it. */
export const proofOf = (key: string, ...parts: ReadonlyArray<string>): string =>
  createHmac("sha256", Buffer.from(key, "hex")).update(JSON.stringify([label, ...parts])).digest("hex")

/** Whether two values of the form `Hex32` are equal, in a time that tells nothing of where they differ. */
export const isSameProof = (one: string, other: string): boolean =>
  timingSafeEqual(Buffer.from(one, "hex"), Buffer.from(other, "hex"))

/** 32 random bytes that nobody can guess. */
export const newSecret: Effect.Effect<string> = Effect.flatMap(SecureRandom, ({ randomBytes }) => randomBytes(32)).pipe(
  Effect.map((bytes) => Buffer.from(bytes).toString("hex")),
  Effect.provide(layerWebCrypto)
)
