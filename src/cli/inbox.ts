import * as Effect from "effect/Effect"
import { join } from "node:path"
import { loadSettings } from "../config/SidecarConfig.ts"
import type { Listed, Listing } from "../domain/messages/Listing.ts"
import { exitCodes } from "../exitCodes.ts"
import { ask, type Folder } from "../observe/control/client.ts"
import { localTime } from "../observe/logs/readLog.ts"
import { listingIn } from "../storage/messages/listing.ts"
import { databaseError } from "../storage/messages/schema.ts"
import { quote, readable } from "../text/terminal.ts"
import { failed } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { configOf, folderOf } from "./place.ts"
import { print } from "./print.ts"
import { runUntilStopped } from "./runMain.ts"

/** The inbox from the sidecar, which alone can read it; if none runs, from its file. */
const listingOf = Effect.fnUntraced(function*(folder: Folder, all: boolean) {
  const running = yield* ask(folder, all ? "whole_inbox" : "inbox")
  if (running?.inbox !== undefined) return running.inbox
  if (running !== null) {
    return yield* failed("the sidecar cannot read its inbox: its log says why", exitCodes.unreadable)
  }
  const path = join(folder.path, "agent.sqlite")
  return yield* Effect.tryPromise({
    try: () => listingIn(path, all),
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

const linesOf = ({ held: { outgoing, waiting }, messages }: Listing): ReadonlyArray<string> => [
  ...messages.map(lineOf),
  `${waiting} to be delivered, ${outgoing} of ours to be sent.`
]

const inbox = Effect.fnUntraced(function*(options: Options) {
  const folder = folderOf(yield* loadSettings(configOf(options)))
  const listing = yield* listingOf(folder, options.all !== undefined)
  yield* print(options.json === undefined ? linesOf(listing) : [quote(listing)])
  return exitCodes.stopped
})

/** `agentcom-sidecar inbox` */
export const main = (options: Options): void => runUntilStopped(inbox(options))
