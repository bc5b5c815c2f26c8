import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { DevHub, DevHubOptions } from "../../src/dev/DevHub.ts"
import { Listing } from "../../src/domain/messages/Listing.ts"
import { ask } from "../../src/observe/control/client.ts"
import { query } from "../../src/storage/messages/schema.ts"
import { loadSqlite } from "../../src/storage/sqlite.ts"
import { runCommand } from "./commands.ts"
import { type AgentScript, type Folder, makeFolder, startDaemon, startHub, token, until } from "./daemon.ts"
import { identifications } from "./outcomes.ts"
import { patience_ms } from "./patience.ts"
import { tokensOf } from "./talk.ts"

/** One delivery, as its agent noted it. */
export interface Delivery {
  readonly batch_id: string
  readonly ids: ReadonlyArray<string>
  readonly again: ReadonlyArray<string>
  readonly ways: ReadonlyArray<string>
  readonly pid: number
}

/**
 * Notes its batch, waits while there is a file `hold`, and answers each message. With a file `mute` it answers nothing, and with a
 * file `next` it writes a message of its own to the agent that the file names.
 */
export const talkAgent = `
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { setTimeout as wait } from "node:timers/promises"
const { BATCH_ID, MESSAGES_FILE, OUTBOX_DIR, RESULTS_DIR } = process.env
const { messages } = JSON.parse(readFileSync(MESSAGES_FILE, "utf8"))
appendFileSync("deliveries.log", JSON.stringify({
  batch_id: BATCH_ID,
  ids: messages.map(({ id }) => id),
  again: messages.filter(({ again }) => again).map(({ id }) => id),
  ways: messages.map(({ way }) => way),
  pid: process.pid
}) + "\\n")
const place = RESULTS_DIR + "/" + BATCH_ID
writeFileSync(place + ".started", "")
while (existsSync("hold")) await wait(20)
if (existsSync("next")) {
  mkdirSync(OUTBOX_DIR, { recursive: true })
  const message = OUTBOX_DIR + "/" + BATCH_ID + ".json"
  writeFileSync(message + ".tmp", JSON.stringify({ to: readFileSync("next", "utf8"), text: "go on" }))
  renameSync(message + ".tmp", message)
}
const replyTo = (text) => "re: " + (text === "at length" ? "x".repeat(1024 * 1024) : text)
const isKilled = messages.some(({ payload }) => payload?.text === "poison")
const replies = existsSync("mute") || existsSync("next")
  ? {}
  : Object.fromEntries(messages.map(({ id, payload }) => [id, replyTo(payload?.text ?? "")]))
const answer = isKilled ? { status: "failed", reason: "poisoned" } : { status: "success", replies }
writeFileSync(place + ".json.tmp", JSON.stringify(answer))
renameSync(place + ".json.tmp", place + ".json")
`

/** A folder whose agent is woken for messages too. */
export const makeTalkFolder = (hub: DevHub, config: Record<string, unknown> = {}, script: AgentScript = {}) =>
  Effect.tap(
    makeFolder(hub, script, {
      message_command: [process.execPath, "talk.mjs"],
      batch_ms: 200,
      min_interval_ms: 200,
      ...config
    }),
    (folder) => Effect.sync(() => writeFileSync(join(folder.path, "talk.mjs"), talkAgent))
  )

/** The deliveries so far. */
export const deliveries = (folder: Folder): ReadonlyArray<Delivery> => {
  const lines = folder.read("deliveries.log").split("\n").slice(0, -1) // the last may not be whole yet
  return lines.map((line): Delivery => JSON.parse(line))
}

export const delivered = (folder: Folder): ReadonlyArray<string> => deliveries(folder).flatMap(({ ids }) => ids)

/** Waits until messages were delivered, each at least once. */
export const untilDelivered = (folder: Folder, ids: ReadonlyArray<string>) =>
  until("the messages are delivered", () => ids.every((id) => delivered(folder).includes(id)))

/** A hub with other agents, and our daemon beside an agent that is woken for messages. */
export const startTalk = (
  config: Record<string, unknown> = {},
  others: ReadonlyArray<string> = ["bob", "ann"],
  options: DevHubOptions = {}
) =>
  Effect.gen(function*() {
    const hub = yield* startHub({ registerTokens: tokensOf(...others), ...options })
    const folder = yield* makeTalkFolder(hub, config)
    const daemon = yield* startDaemon(folder)
    yield* hub.waitFor(() => identifications(hub) === 1)
    return { hub, folder, daemon }
  })

/** Starts the daemon of the folder with other settings than before. */
export const startChanged = (folder: Folder, config: Record<string, unknown>) =>
  Effect.suspend(() => {
    const settings: Record<string, unknown> = JSON.parse(folder.read("config.json"))
    writeFileSync(folder.file("config.json"), JSON.stringify({ ...settings, ...config }))
    return startDaemon(folder)
  })

/** Waits until the running sidecar has counted so many messages that came to this end. */
export const untilReceived = (folder: Folder, outcome: "waiting" | "kept" | "left_out", count = 1) => {
  const { path } = folder
  const place = { path, state_file: folder.file("queue.json"), token: Redacted.make(token) }
  return Effect.gen(function*() {
    const status = yield* ask(place, "status")
    return (status?.counters[`messages_received_${outcome}`] ?? 0) >= count
  }).pipe(
    Effect.repeat({ schedule: Schedule.spaced(100), until: (isEnough) => isEnough }),
    Effect.timeout(patience_ms)
  )
}

const decodeListing = Schema.decodeUnknownSync(Schema.fromJsonString(Listing))

/** What `inbox` says. */
export const inboxOf = (folder: Folder) =>
  Effect.map(
    runCommand(["inbox", "--all", "--json", "--config", folder.file("config.json")]),
    ({ out }) => decodeListing(out)
  )

const InboxRow = Schema.Struct({ id: Schema.String, state: Schema.String })

/** The inbox of a daemon that has ended: the state of each message, by its id. */
export const statesIn = (folder: Folder): ReadonlyMap<string, string> => {
  const database = new (loadSqlite()).DatabaseSync(folder.file("agent.sqlite"), { readOnly: true })
  try {
    return new Map(query(database, InboxRow, "SELECT id, state FROM inbox")().map(({ id, state }) => [id, state]))
  } finally {
    database.close()
  }
}
