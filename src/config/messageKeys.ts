import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { defaultMessagePolicy, type MessagePolicy, MessageRule } from "../domain/messages/MessagePolicy.ts"
import { configLimits } from "./limits.ts"
import { text, upTo, wholeOr } from "./schemas.ts"
import { agentCommand } from "./wakeCommand.ts"

const byDefault = defaultMessagePolicy
const { per_hour } = byDefault

const anHour = (fallback: number) => wholeOr(fallback, configLimits.messages_per_hour, "messages an hour")

const atMost = (count: number, what: string) =>
  Schema.isMaxLength(count, { message: `must be at most ${count} ${what}` })

const yesOrNo = (fallback: boolean) => Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(fallback)))

/** The keys of `config.json` about messages. */
export const messageKeys = (windows: boolean) => ({
  message_command: Schema.optionalKey(agentCommand(windows, "messages")),
  message_command_blocks: yesOrNo(true),
  channels: Schema.Array(
    text(/[A-Za-z0-9_-]/, "must hold a letter, a digit, - or _").check(upTo(configLimits.channel_chars))
  ).check(atMost(configLimits.channels, "channels"))
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  message_rules: Schema.Array(MessageRule).check(atMost(configLimits.message_rules, "rules"))
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  batch_ms: wholeOr(byDefault.batch_ms, configLimits.batch_ms, "milliseconds"),
  batch_max: wholeOr(byDefault.batch_max, configLimits.batch_max, "messages"),
  min_interval_ms: wholeOr(byDefault.min_interval_ms, configLimits.min_interval_ms, "milliseconds"),
  urgent_per_hour: anHour(per_hour.urgent_of_sender),
  deliver_while_working: yesOrNo(byDefault.deliver_while_working),
  message_stale_ms: wholeOr(byDefault.stale_ms, configLimits.message_stale_ms, "milliseconds"),
  max_deliveries_per_hour: wholeOr(per_hour.deliveries, configLimits.messages_per_hour, "deliveries an hour"),
  sender_per_hour: anHour(per_hour.sender),
  thread_per_hour: anHour(per_hour.thread),
  channel_per_hour: anHour(per_hour.channel),
  room_per_hour: anHour(per_hour.room),
  answers_per_hour: anHour(per_hour.answers),
  send_max_bytes: wholeOr(configLimits.send_max_bytes, configLimits.send_max_bytes, "bytes")
})

type MessageSettings = Schema.Struct.Type<ReturnType<typeof messageKeys>> & {
  readonly agent_id: string
  readonly capabilities: ReadonlyArray<string>
}

/** What the rules have to know of the configuration. */
export const messagePolicyOf = (settings: MessageSettings): MessagePolicy => ({
  agent_id: settings.agent_id,
  capabilities: settings.capabilities,
  delivers: settings.message_command !== undefined,
  channels: settings.channels,
  rules: settings.message_rules,
  batch_ms: settings.batch_ms,
  batch_max: settings.batch_max,
  min_interval_ms: settings.min_interval_ms,
  deliver_while_working: settings.deliver_while_working,
  stale_ms: settings.message_stale_ms,
  per_hour: {
    sender: settings.sender_per_hour,
    thread: settings.thread_per_hour,
    channel: settings.channel_per_hour,
    room: settings.room_per_hour,
    deliveries: settings.max_deliveries_per_hour,
    answers: settings.answers_per_hour,
    urgent_of_sender: settings.urgent_per_hour
  }
})
