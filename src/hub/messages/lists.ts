import { plainChannel } from "../../domain/messages/refusal.ts"
import type { List } from "./entries.ts"

export const history_entries = 200 // in an answer; then it may not have all
export const mailbox_entries = 100 // that the hub keeps
const channel_entries = 200 // that the hub keeps
const room_entries = 500 // that the hub keeps

const query = (fields: Readonly<Record<string, string | number | null>>): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${encodeURIComponent(value ?? "")}`)
    .join("&")

/** The hub answers HTTP 500 to what is no whole number. */
const whole = (time: number | null): number | null => time === null ? null : Math.max(0, Math.floor(time))

export const mailboxOf = (agent_id: string): string => `api/mailbox/${encodeURIComponent(agent_id)}`

export const subscriptionsOf = (agent_id: string): string => `api/agents/${encodeURIComponent(agent_id)}/subscriptions`

export const mailboxAfter = (agent_id: string, since: number): List => ({
  path: `${mailboxOf(agent_id)}?${query({ since })}`,
  may_lack: false
})

/** What is asked of the hub's history. Times are in epoch milliseconds of its clock. Null matches everything. */
interface Asked {
  readonly start: number
  readonly end?: number | null
  readonly from?: string | null
  readonly to?: string | null
}

/** The part of the history behind a cursor; all of it behind 0. */
export const historyAfter = ({ end = null, from = null, start, to = null }: Asked, cursor: number): List => ({
  path: `api/messages?${
    query({
      start_time: whole(start),
      end_time: whole(end),
      from,
      to,
      cursor: cursor === 0 ? null : cursor,
      limit: history_entries
    })
  }`,
  may_lack: false
})

export const roomAfter = (since: number): List => ({
  path: `api/room/messages?${query({ since, limit: room_entries })}`,
  may_lack: false
})

/** The path of a channel, by the name that the hub keeps, so that no odd name can leave it. */
export const pathOfChannel = (channel: string): string => `api/channels/${plainChannel(channel)}`

/** The history of a channel, which may not exist. */
export const channelAfter = (channel: string, since: number): List => ({
  path: `${pathOfChannel(channel)}/history?${query({ since, limit: channel_entries })}`,
  may_lack: true
})
