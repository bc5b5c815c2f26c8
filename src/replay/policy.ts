import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Policy } from "../domain/SidecarState.ts"
import type { JsonObject } from "../domain/Work.ts"

/** What a configuration that says nothing means. */
export const defaultPolicy: Policy = {
  confirmation_timeout_ms: 30_000,
  agent_silence_ms: 30 * 60_000,
  task_timeout_ms: 24 * 60 * 60_000,
  wake_command_blocks: false
}

const milliseconds = Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0)))

const decode = Schema.decodeUnknownOption(Schema.Struct({
  confirmation_timeout_ms: milliseconds,
  agent_silence_ms: milliseconds,
  task_timeout_ms: milliseconds,
  wake_command_blocks: Schema.optionalKey(Schema.Boolean)
}))

/** The policy of a recorded configuration; `null` where it makes no sense. */
export const policyOf = (config: JsonObject): Policy | null =>
  Option.match(decode(config), { onNone: () => null, onSome: (said) => ({ ...defaultPolicy, ...said }) })

const decodeCapabilities = Schema.decodeUnknownOption(Schema.Array(Schema.String))

export const capabilitiesOf = (value: unknown): ReadonlyArray<string> =>
  Option.getOrElse(decodeCapabilities(value), () => [])
