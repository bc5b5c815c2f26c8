// What messages cost: a ping that the sidecar answers by itself, and a report in the middle of talk.
import * as Effect from "effect/Effect"
import { once } from "node:events"
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { WebSocket } from "ws"
import { make } from "../src/dev/DevHub.ts"
import { agent, median, startDaemon, token } from "./daemon.mjs"

const PINGS = 10 // a sidecar sends so many messages at once
const WARM_UP = 3
const REPORTS = 20
const AWAY = 200 // agents that are registered and not connected
const MESSAGE_COST_MS = 50 // of the hub's time, for each message and for each agent that is away
const MESSAGES = 10 // to the agent before each report
const WITHIN_MS = 10_000
const HUB_MS_PER_TASK = 12_000 // it takes 60 requests a minute of an agent
const other = "other"

const tokenOf = (name) => name === agent ? token : `token-of-${name}`
const tokensOf = (names) => Object.fromEntries([agent, other, ...names].map((name) => [name, tokenOf(name)]))

/** The other agent says something, by HTTP. */
const say = (hub, message) =>
  Effect.promise(async () => {
    const response = await fetch(`${hub.httpUrl}/api/message`, {
      method: "POST",
      headers: { authorization: `Bearer ${tokenOf(other)}`, "content-type": "application/json" },
      body: JSON.stringify({ payload: { text: "hello" }, ...message })
    })
    return response.json()
  })

/** The other agent on a socket of its own. Gives a function that waits for the answer to a message. */
const listen = (hub) =>
  Effect.gen(function*() {
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => new WebSocket(hub.url)),
      (open) => Effect.sync(() => open.terminate())
    )
    const answered = new Map()
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data))
      if (frame.type === "message") answered.set(frame.reply_to, performance.now())
      socket.emit("heard")
    })
    yield* Effect.promise(async () => {
      await once(socket, "open")
      socket.send(
        JSON.stringify({ type: "identify", agent_id: other, token: tokenOf(other), name: other, protocol_version: 1 })
      )
    })
    yield* hub.waitFor(() => hub.connections(other) === 1, WITHIN_MS)
    return (id) =>
      Effect.promise(async () => {
        const signal = AbortSignal.timeout(WITHIN_MS)
        while (!answered.has(id)) await once(socket, "heard", { signal })
        return answered.get(id)
      })
  })

/** The processes that this one has started and that live; undefined where there is no /proc. */
const childrenOf = (pid) => {
  if (!existsSync(`/proc/${pid}/task`)) return undefined
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" "))
    .filter((child) => child.trim() !== "").length
}

/** Runs in a folder of the bench. From the request of a ping to its pong on the sender's socket. */
export const pingCost = (folder) =>
  Effect.gen(function*() {
    const hub = yield* make({ registerTokens: tokensOf([]) })
    const home = join(folder, "ping")
    const note = ["/bin/sh", "-c", "echo woken >> woken"]
    const pid = yield* startDaemon(hub, home, { wake_command: note, message_command: note })
    const pongOf = yield* listen(hub)
    const times = []
    let children = 0
    for (let n = 0; n < PINGS; n++) {
      const begun = performance.now()
      const { id } = yield* say(hub, { to: agent, type: "ping" })
      times.push((yield* pongOf(id)) - begun)
      children += childrenOf(pid) ?? 0
    }
    return { pings: PINGS, ms: median(times), processes: children + Number(existsSync(join(home, "woken"))) }
  }).pipe(Effect.scoped, Effect.runPromise)

const isPushed = ({ msg }) => msg.type === "message"

/** Another agent talks to ours and to all, and ours has a message to send. Goes on when the first of them is pushed. */
const talk = (hub, home, n) =>
  Effect.gen(function*() {
    const before = hub.frames().filter(isPushed).length
    for (let one = 0; one < MESSAGES; one++) yield* Effect.forkScoped(say(hub, { to: agent }))
    yield* Effect.forkScoped(say(hub, {}))
    const path = join(home, "outbox", `${n}`)
    writeFileSync(`${path}.tmp`, JSON.stringify({ to: "away-1", text: "hello" }))
    renameSync(`${path}.tmp`, `${path}.json`)
    yield* hub.waitFor(() => hub.frames().filter(isPushed).length > before, WITHIN_MS)
  })

/** A daemon with a hub of its own; `run` has one task done and says how long its report took. */
const startPair = (home, isTalking) =>
  Effect.gen(function*() {
    const names = Array.from({ length: AWAY }, (_, n) => `away-${n}`)
    const hub = yield* make({ registerTokens: tokensOf(names), messageCostMs: MESSAGE_COST_MS })
    const wake_command = "touch \"$RESULTS_DIR/$TASK_ID.started\""
    const message_command = "printf '{\"status\":\"success\"}' > \"$RESULTS_DIR/$BATCH_ID.json\""
    yield* startDaemon(hub, home, { wake_command, message_command })
    const run = (n) =>
      Effect.gen(function*() {
        const { id } = yield* hub.submit({ description: "work" })
        const place = join(home, "results", id)
        const isConfirmed = ({ msg }) => msg.type === "wake_result" && msg.task_id === id
        yield* hub.waitFor(() => hub.frames().some(isConfirmed), WITHIN_MS)
        if (isTalking) yield* talk(hub, home, n)
        writeFileSync(`${place}.json.tmp`, JSON.stringify({ status: "success" }))
        const begun = performance.now()
        renameSync(`${place}.json.tmp`, `${place}.json`)
        yield* hub.waitFor(() => hub.task(id)?.status === "completed", WITHIN_MS)
        const took = performance.now() - begun
        yield* hub.advance(HUB_MS_PER_TASK)
        return took
      })
    return { run, pushed: () => hub.frames().filter(isPushed).length }
  })

/** Runs in a folder of the bench. From the file of the answer until the hub has acknowledged it, with talk and without by turns. */
export const reportCost = (folder) =>
  Effect.gen(function*() {
    const pairs = {
      quiet: yield* startPair(join(folder, "quiet"), false),
      talking: yield* startPair(join(folder, "talking"), true)
    }
    const times = { quiet: [], talking: [] }
    for (let n = 0; n < WARM_UP + REPORTS; n++) {
      for (const which of n % 2 === 0 ? ["quiet", "talking"] : ["talking", "quiet"]) {
        const took = yield* pairs[which].run(n)
        if (n >= WARM_UP) times[which].push(took)
      }
    }
    return {
      reports: REPORTS,
      away: AWAY,
      message_cost_ms: MESSAGE_COST_MS,
      quiet_ms: median(times.quiet),
      talking_ms: median(times.talking),
      pushed: pairs.talking.pushed()
    }
  }).pipe(Effect.scoped, Effect.runPromise)
