import * as Predicate from "effect/Predicate"
import { log, patchTalk, type Rule, sequence, withState } from "../rules.ts"
import { plainChannel } from "./refusal.ts"
import type { Reading, Talk, TalkFrame } from "./Talk.ts"

/** Rule 22: the channels of the configuration, in the hub's form. */
const wanted = (channels: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(channels.map(plainChannel))]

/** Rule 22: what is to be asked about channels; nothing where there never were any. */
export const readingOfChannels = (
  channels: ReadonlyArray<string>,
  known: ReadonlyArray<string>
): ReadonlyArray<Reading> => channels.length === 0 && known.length === 0 ? [] : [{ _tag: "Subscriptions" }]

/** Rule 22: a full mailbox may have lost channel messages, which the history of the channel has. */
export const historiesOf = (channels: ReadonlyArray<string>): ReadonlyArray<Reading> =>
  wanted(channels).map((channel) => ({ _tag: "ChannelHistory", channel, since: 0 }))

/** Rule 22: subscribes to what the hub lacks, by frame, as by HTTP we would stay deaf. Leaves what we once subscribed to and do not name any more. */
export const subscriptionsRead = (subscribed: ReadonlyArray<string>): Rule =>
  withState(({ policy: { messages }, talk: { known, to_ask } }) => {
    const channels = wanted(messages.channels)
    const has = new Set(subscribed.map(plainChannel))
    const missing = channels.filter((channel) => !has.has(channel))
    const left = known.channels.filter((channel) => has.has(channel) && !channels.includes(channel))
    const frames: ReadonlyArray<TalkFrame> = [
      ...missing.map((channel) => ({ _tag: "Subscribe", channel }) as const),
      ...left.map((channel) => ({ _tag: "Unsubscribe", channel }) as const)
    ]
    return patchTalk({ known: { ...known, channels }, to_ask: [...to_ask, ...frames] })
  })

/** The frame in flight about a channel is over. */
export const channelAnswered: Rule = patchTalk({ asked: null })

/** The frame about a channel that is in flight, if any. */
const inFlightOf = ({ asked }: Talk): ReadonlyArray<TalkFrame> => [asked].filter(Predicate.isNotNull)

/** The hub dropped the frame in flight. */
export const askAgain: Rule = withState(({ talk }) =>
  patchTalk({ asked: null, to_ask: [...inFlightOf(talk), ...talk.to_ask] })
)

/** Rule 22: the hub did not do what was asked of it about talk, for example as there is no such channel. That is asked again on the next connection. */
export const channelRefused = (error: string): Rule =>
  withState(({ talk }) =>
    sequence(
      ...inFlightOf(talk).map(({ channel }) => log({ event: "channel_refused", channel, reason: error })),
      channelAnswered
    )
  )
