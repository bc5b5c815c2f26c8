import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { frames, makeFolder, startDaemon, startHub, submit, until, untilStatus } from "../support/daemon.ts"

const script = (path: string, text: string): void => {
  writeFileSync(path, text)
  chmodSync(path, 0o755)
}

const failures = (hub: Parameters<typeof frames>[0]): number =>
  frames(hub, "out").filter(({ type }) => type === "task_failed").length

const answers = `#!/bin/sh
echo x >> runs
: > "$RESULTS_DIR/$TASK_ID.started"
echo '{"status":"success"}' > "$RESULTS_DIR/$TASK_ID.tmp"
mv "$RESULTS_DIR/$TASK_ID.tmp" "$RESULTS_DIR/$TASK_ID.json"
`

describe.concurrent("a machine that cannot wake its agent", () => {
  it.live(
    "has no program: three queued tasks are left to others, and done when it appears",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, {}, { wake_command: ["./agent"], metrics_listen: "127.0.0.1:0" })
        const tasks = [yield* submit(hub, "1"), yield* submit(hub, "2"), yield* submit(hub, "3")]
        const daemon = yield* startDaemon(folder)
        const [told] = yield* until(
          "it is told",
          () => daemon.events("not_ready").length > 0 && daemon.events("not_ready")
        )
        assert.include(told, { cause: "program" })
        assert.include(String(told?.["reason"]), "./agent")
        assert.strictEqual(hub.connections(), 0)
        const { url } = yield* until("it listens", () => daemon.events("metrics_listening")[0])
        const health = yield* Effect.promise(() => fetch(`${String(url)}/healthz`))
        const body: unknown = yield* Effect.promise(() => health.json())
        assert.strictEqual(health.status, 503)
        assert.include(JSON.stringify(body), "./agent")
        script(folder.file("agent"), answers)
        for (const task of tasks) yield* untilStatus(hub, task, "completed")
        assert.strictEqual(failures(hub), 0)
        assert.deepEqual(tasks.map(({ id }) => hub.task(id)?.retry_count), [0, 0, 0])
        assert.strictEqual(readFileSync(folder.file("runs"), "utf8"), "x\nx\nx\n")
        assert.lengthOf(daemon.events("not_ready"), 1)
        assert.lengthOf(daemon.events("ready_again"), 1)
      })
  )

  it.live(
    "loses its program: the task is given back, uncounted, and done when it is there again",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const behindExec = ["agentcom-sidecar", "exec", "--", "./agent"]
        const folder = yield* makeFolder(hub, {}, { wake_command: behindExec, wake_command_blocks: true })
        script(folder.file("agent"), "#!/bin/sh\necho done\n")
        const daemon = yield* startDaemon(folder)
        yield* until("it is connected", () => daemon.events("identified").length > 0)
        chmodSync(folder.file("agent"), 0o644)
        const task = yield* submit(hub)
        yield* until("it is given back", () => daemon.events("task_given_back").length === 1)
        yield* hub.waitFor(() => hub.connections() === 0 && hub.task(task.id)?.status === "queued")
        chmodSync(folder.file("agent"), 0o755)
        yield* untilStatus(hub, task, "completed")
        assert.strictEqual(failures(hub), 0)
        assert.strictEqual(hub.task(task.id)?.retry_count, 0)
      })
  )

  it.live(
    "has an agent that is not logged in, behind exec: one task fails, and the next waits for 30 s",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const notLoggedIn = ["agentcom-sidecar", "exec", "--", "./claude", "-p", "{prompt}"]
        const folder = yield* makeFolder(hub, {}, { wake_command: notLoggedIn, wake_command_blocks: true })
        script(folder.file("claude"), "#!/bin/sh\necho 'Not logged in. Please run /login' >&2; exit 1\n")
        const tasks = [yield* submit(hub, "1"), yield* submit(hub, "2"), yield* submit(hub, "3")]
        const daemon = yield* startDaemon(folder)
        const told = yield* until("it pauses", () => daemon.events("not_ready")[0])
        assert.include(told, { cause: "failures" })
        assert.include(String(told["reason"]), "Not logged in")
        assert.strictEqual(failures(hub), 1)
        yield* hub.waitFor(() => hub.connections() === 0)
        yield* until("the second fails as well", () => daemon.events("report_sent").length === 2)
        const [first, second] = daemon.events("report_sent").map(({ ts }) => Date.parse(String(ts)))
        assert.isAtLeast((second ?? 0) - (first ?? 0), 30_000)
        assert.isEmpty(tasks.filter(({ id }) => hub.task(id)?.status === "dead_letter"))
      })
  )
})
