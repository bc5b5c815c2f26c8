import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import type { DevHub } from "../../src/dev/DevHub.ts"
import {
  type AgentScript,
  atOnce,
  frames,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  token,
  until,
  untilStatus
} from "../support/daemon.ts"
import { untilThere } from "../support/gate.ts"

const environment = {
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCY0123456789",
  DATABASE_URL: "postgres://me:hunter2hunter2hunter2@db.example/x",
  HTTPS_PROXY: "http://someone:pr0xy-pass@127.0.0.1:9",
  NO_PROXY: "127.0.0.1",
  DB_PASSWORD: "hunterhunter"
}

const certain = [token, "pr0xy-pass"]
const keys = [environment.AWS_SECRET_ACCESS_KEY, "hunter2hunter2hunter2"]

/** Everything that went to the hub but for the identification, which has to hold the token. */
const said = (hub: DevHub): string =>
  frames(hub, "out").filter(({ type }) => type !== "identify").map((frame) => JSON.stringify(frame)).join("\n")

const withoutSecrets = (text: string, secrets: ReadonlyArray<string>) =>
  secrets.forEach((secret) => assert.notInclude(text, secret))

const prints = `cat config.json; env; echo "DB_PASSWORD=$DB_PASSWORD"; printf %s "${"x".repeat(10)}"`
const byExec = {
  wake_command: ["agentcom-sidecar", "exec", "--", "/bin/sh", "agent.sh"],
  wake_command_blocks: true
}
const quiet: AgentScript = { confirm: "", work: atOnce }

describe.concurrent("an agent that prints its configuration and its environment", () => {
  it.live(
    "and succeeds: no secret is in a frame, what is said of it names the variables",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, { ...quiet, answer: prints }, byExec)
        const daemon = yield* startDaemon(folder, environment)
        const task = yield* submit(hub)
        yield* untilStatus(hub, task, "completed", 60_000)
        assert.include(said(hub), "AWS_SECRET_ACCESS_KEY=<redacted>")
        withoutSecrets(said(hub), [...certain, ...keys])
        const hidden = yield* until("it is told", () => daemon.events("secret_hidden")[0])
        assert.deepInclude(hidden, { task_id: task.id, field: "result" })
        assert.includeMembers(Array.from(Object(hidden["names"])), ["token", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL"])
        withoutSecrets(daemon.output(), [...certain, ...keys])
      })
  )

  it.live("and fails: what looks like a secret is hidden as well", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const pem = `-----BEGIN PRIVATE KEY-----\\n${"A1b2C3d4".repeat(8)}\\n-----END PRIVATE KEY-----`
      const answer = `${prints}; echo '${pem}'; echo https://user:hunter3@git.example/x; exit 3`
      const folder = yield* makeFolder(hub, { ...quiet, answer }, byExec)
      const daemon = yield* startDaemon(folder, environment)
      const task = yield* submit(hub, "do it", { max_retries: 1 })
      yield* untilStatus(hub, task, "dead_letter", 60_000)
      assert.include(said(hub), "<redacted>")
      for (const text of [said(hub), daemon.output()]) {
        withoutSecrets(text, [...certain, ...keys, environment.DB_PASSWORD, "A1b2C3d4", "hunter3"])
      }
    }))

  it.live("and tells it as its progress", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const work = `printf '{"progress": 5, "text": "%s %s"}' "$AWS_SECRET_ACCESS_KEY" ${token} > p
mv p "$RESULTS_DIR/$TASK_ID.progress"; ${untilThere("go")}`
      const folder = yield* makeFolder(hub, { work })
      yield* startDaemon(folder, environment)
      yield* submit(hub)
      yield* hub.waitFor(() => said(hub).includes("task_progress"), 30_000)
      withoutSecrets(said(hub), [...certain, ...keys])
      assert.include(said(hub), "<redacted> <redacted>")
    }))
})

describe.concurrent("an agent that names a file of ours rather than reading it", () => {
  const linked = ["progress", "json"].map((extension) =>
    [extension, `ln config.json "$RESULTS_DIR/$TASK_ID.${extension}"`] as const
  )
  for (const [extension, link] of linked) {
    it.live(`by a hard link as its .${extension}: it has written none`, () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, { work: `${link}; sleep 1` })
        yield* startDaemon(folder)
        const task = yield* submit(hub)
        yield* untilStatus(hub, task, "completed", 60_000)
        assert.notInclude(said(hub), "hub_url")
        assert.deepEqual(hub.task(task.id)?.result, { status: "success", output: "done" })
        assert.include(readFileSync(folder.file("config.json"), "utf8"), token)
      }))
  }

  it.live("a hard link to any other file counts", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const answer =
        `printf '{"status":"success","output":"kept"}' > mine.json; ln mine.json "$RESULTS_DIR/$TASK_ID.json"`
      const folder = yield* makeFolder(hub, { work: atOnce, answer })
      yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* untilStatus(hub, task, "completed", 60_000)
      assert.deepEqual(hub.task(task.id)?.result, { status: "success", output: "kept" })
    }))

  const logs: ReadonlyArray<readonly [how: string, command: string]> = [
    ["a symbolic link", "ln -s"],
    ["a hard link", "ln"]
  ]
  for (const [how, ln] of logs) {
    it.live(`by ${how} as its log: it is neither quoted nor written into`, () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, {
          confirm: "",
          work: `rm -f "tasks/$TASK_ID.log"; ${ln} "$PWD/config.json" "tasks/$TASK_ID.log"; exit 1`
        })
        const before = readFileSync(folder.file("config.json"), "utf8")
        const daemon = yield* startDaemon(folder)
        yield* submit(hub)
        yield* until("the second wake", () => folder.wakes().length === 2, 60_000)
        yield* until("its end", () => daemon.events("wake_failed").length === 2, 60_000)
        assert.equal(readFileSync(folder.file("config.json"), "utf8"), before)
        withoutSecrets(said(hub) + daemon.output(), ["hub_url\\\"", token])
      }))
  }
})
