import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { loadSettings } from "../config/SidecarConfig.ts"
import type { HeldBack, LimitName } from "../domain/messages/choose.ts"
import type { Listed, Listing } from "../domain/messages/Listing.ts"
import { exitCodes } from "../exitCodes.ts"
import { ask, type Folder } from "../observe/control/client.ts"
import { localTime } from "../observe/logs/readLog.ts"
import { listingIn } from "../storage/messages/listing.ts"
import type { StoreLimits } from "../storage/messages/operations.ts"
import { databaseError } from "../storage/messages/schema.ts"
import { quote, readable } from "../text/terminal.ts"
import { failed } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { configOf, folderOf } from "./place.ts"
import { print } from "./print.ts"
import { runUntilStopped } from "./runMain.ts"

/** The inbox from the sidecar, which alone can read it; if none runs, from its file. */
const listingOf = Effect.fnUntraced(function*(folder: Folder, all: boolean, limits: StoreLimits) {
  const running = yield* ask(folder, all ? "whole_inbox" : "inbox")
  if (running?.inbox !== undefined) return running.inbox
  if (running !== null) {
    return yield* failed("the sidecar cannot read its inbox: its log says why", exitCodes.unreadable)
  }
  const path = join(folder.path, "agent.sqlite")
  const now = yield* Clock.currentTimeMillis
  return yield* Effect.tryPromise({
    try: () => listingIn(path, all, limits, now),
    catch: (cause) => failed(`${path} cannot be read: ${databaseError(cause).reason}`, exitCodes.unreadable)
  })
})

const lineOf = ({ channel, from, heard_at, id, reason, said, state, type, way }: Listed): string =>
  readable(localTime(heard_at), state, [
    ["way", way],
    ...channel === null ? [] : [["channel", channel] as const],
    ["from", from],
    ["type", type],
    ["id", id],
    ["said", said],
    ...reason === null ? [] : [["reason", reason] as const]
  ])

/** The key of the configuration that has a limit. */
const keyOf = (limit: LimitName): string => limit === "deliveries" ? "max_deliveries_per_hour" : `${limit}_per_hour`

const heldBackLine = ({ limit, messages, name }: HeldBack): string =>
  `${messages} held back by ${keyOf(limit)}${name === "" ? "" : ` of ${quote(name)}`}.`

const linesOf = ({ held: { outgoing, waiting }, held_back, messages }: Listing): ReadonlyArray<string> => [
  ...messages.map(lineOf),
  ...held_back.map(heldBackLine),
  `${waiting} to be delivered, ${outgoing} of ours to be sent.`
]

const inbox = Effect.fnUntraced(function*(options: Options) {
  const settings = yield* loadSettings(configOf(options))
  const listing = yield* listingOf(folderOf(settings), options.all !== undefined, settings.messages)
  yield* print(options.json === undefined ? linesOf(listing) : [quote(listing)])
  return exitCodes.stopped
})

/** `agentcom-sidecar inbox` */
export const main = (options: Options): void => runUntilStopped(inbox(options))
