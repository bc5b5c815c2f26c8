import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import type { DevHub, HubTask } from "../../src/dev/DevHub.ts"
import { noneLeft, processesOf } from "../support/agentProcesses.ts"
import {
  type AgentScript,
  type Folder,
  frames,
  isAlive,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  typesOf,
  until,
  untilStatus
} from "../support/daemon.ts"
import { untilThere } from "../support/gate.ts"

/** An agent that writes none of our files: its command is its run, and what it prints its answer. */
const printing: AgentScript = { confirm: "", answer: "echo \"done: $(wc -c)\"" }

const line = { wake_command: "agentcom-sidecar exec -- /bin/sh agent.sh", wake_command_blocks: true }
const list = (...options: ReadonlyArray<string>) => ({
  wake_command: ["agentcom-sidecar", "exec", ...options, "--", "/bin/sh", "agent.sh"],
  wake_command_blocks: true
})

/** The agent runs, the wake is confirmed. */
const atWork = (folder: Folder, task: HubTask) =>
  until(
    "the agent is at work",
    () => folder.wakes(task.id).length > 0 && existsSync(folder.file(`results/${task.id}.started`))
  )

const completed = Effect.fnUntraced(function*(hub: DevHub, folder: Folder, task: HubTask) {
  yield* untilStatus(hub, task, "completed")
  assert.lengthOf(folder.wakes(task.id), 1)
  assert.deepEqual(typesOf(hub, "out").filter((type) => type === "task_failed"), [])
  assert.lengthOf(typesOf(hub, "out").filter((type) => type === "task_complete"), 1)
  yield* noneLeft(folder)
})

const failedWith = Effect.fnUntraced(function*(hub: DevHub, task: HubTask) {
  yield* untilStatus(hub, task, "dead_letter", 30_000)
  return hub.task(task.id)?.last_error ?? ""
})

describe.concurrent("an agent that writes no files, run by exec", () => {
  for (const [form, config] of Object.entries({ "a line": line, "a list": list() })) {
    it.live(`completes its task, woken by ${form}, where our program is not on the PATH`, () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, printing, config)
        const daemon = yield* startDaemon(folder, { PATH: "/usr/bin:/bin" })
        const task = yield* submit(hub, "say \"hello\"; $(touch pwned)")
        yield* atWork(folder, task)
        const prompt = statSync(folder.file(`tasks/${task.id}.prompt`)).size
        yield* folder.letGo
        yield* completed(hub, folder, task)
        assert.deepInclude(hub.task(task.id)?.result, { status: "success", output: `done: ${prompt}\n`, exit_code: 0 })
        assert.lengthOf(daemon.events("wake_attempt"), 1)
        assert.isFalse(existsSync(folder.file("pwned")))
      }))
  }

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    for (
      const [how, script, config] of [["with", printing, list()], ["without", {}, {
        wake_command_blocks: true
      }]] as const
    ) {
      it.live(
        `${how} it: a restart of the daemon by ${signal} in the middle does not disturb it, one wake`,
        () =>
          Effect.gen(function*() {
            const hub = yield* startHub()
            const folder = yield* makeFolder(hub, script, config)
            const first = yield* startDaemon(folder)
            const task = yield* submit(hub)
            yield* atWork(folder, task)
            yield* first.signal(signal)
            yield* first.ended
            const second = yield* startDaemon(folder)
            yield* until("it found the agent", () => second.events("agent_found_at_work").length > 0)
            assert.isTrue(folder.wakes(task.id).every(isAlive))
            yield* folder.letGo
            yield* completed(hub, folder, task)
            assert.lengthOf(second.events("wake_attempt"), 0)
          })
      )
    }
  }

  it.live("answers while no daemon is there, and the next one reports it", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, printing, list())
      const first = yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* atWork(folder, task)
      yield* first.kill
      yield* folder.letGo
      yield* noneLeft(folder)
      yield* startDaemon(folder)
      yield* completed(hub, folder, task)
    }))

  it.live(
    "that prints 100 MB has an answer and a log of bounded size, which say what is left out",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const work = "echo begin; head -c 104857600 /dev/zero | tr '\\0' x; echo; echo end"
        const folder = yield* makeFolder(hub, { ...printing, work, answer: "true" }, list())
        yield* startDaemon(folder)
        const task = yield* submit(hub)
        const log = folder.file(`tasks/${task.id}.log`)
        const size = yield* until("the log is cut", () => {
          const text = existsSync(log) ? readFileSync(log, "utf8") : ""
          return text.includes("what follows is left out") ? text.length : undefined
        })
        assert.isBelow(size, 1.1 * 1024 * 1024)
        yield* completed(hub, folder, task)
        const result = hub.task(task.id)?.result
        assert.deepInclude(result, { status: "success", output_cut: true, output_bytes: 104_857_600 + 11 })
        const text = JSON.stringify(result)
        assert.isBelow(text.length, 300 * 1024)
        assert.match(text, /"begin\\nx+\\n\[\.\.\. \d+ bytes left out \.\.\.\]\\nx+\\nend\\n"/)
      })
  )

  it.live(
    "is gone with its whole tree when its task is cancelled, also what left the group, and there is no answer",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const before = "sleep 300 & setsid sleep 300 & setsid sh -c 'trap \"\" TERM; sleep 300 & sleep 300 & wait' &"
        const folder = yield* makeFolder(hub, { ...printing, before }, { ...list(), kill_grace_ms: 500 })
        yield* startDaemon(folder)
        const task = yield* submit(hub)
        yield* atWork(folder, task)
        yield* until("all of it runs", () => processesOf(folder).length >= 7)
        yield* hub.cancel(task.id)
        yield* noneLeft(folder)
        yield* until("its files are gone", () => readdirSync(folder.file("tasks")).length === 0)
        assert.deepEqual(readdirSync(folder.file("results")).filter((name) => name.includes(task.id)), [])
        assert.notInclude(typesOf(hub, "out"), "task_failed")
        assert.notInclude(typesOf(hub, "out"), "task_complete")
      })
  )

  it.live("tells its lines as progress, and its JSON object is the answer", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const work = `echo compiling >&2; echo '{"tokens_used": 7,'; ${untilThere("go")}`
      const folder = yield* makeFolder(
        hub,
        { ...printing, work, answer: "echo '\"text\": \"done\"}'" },
        list(
          "--json",
          "--progress"
        )
      )
      yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* until("the line is relayed", () =>
        frames(hub, "out").some(({ execution_event, type }) =>
          type === "task_progress" &&
          JSON.stringify(execution_event) === JSON.stringify({ message: "{\"tokens_used\": 7," })
        ))
      yield* folder.letGo
      yield* completed(hub, folder, task)
      assert.deepInclude(hub.task(task.id)?.result, { status: "success", text: "done", tokens_used: 7 })
    }))

  it.live(
    "that fails fails its task with its exit code and the end of what it said, at once",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const work = "echo no model, token=abcdef123456 >&2; exit 3"
        const folder = yield* makeFolder(hub, { ...printing, work }, list())
        const daemon = yield* startDaemon(folder)
        const task = yield* submit(hub, "do it", { max_retries: 1 })
        assert.include(
          yield* failedWith(hub, task),
          "the command /bin/sh ended with exit code 3: no model, token=<redacted>"
        )
        assert.lengthOf(daemon.events("wake_attempt"), 1)
        yield* noneLeft(folder)
      })
  )

  it.live("whose own answer is there already when it ends keeps it", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const own = `printf '{"status":"success","output":"mine"}' > "$RESULTS_DIR/$TASK_ID.json.tmp"
mv "$RESULTS_DIR/$TASK_ID.json.tmp" "$RESULTS_DIR/$TASK_ID.json"; echo chatter; exit 1`
      const folder = yield* makeFolder(hub, { ...printing, work: "true", answer: own }, list())
      yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* completed(hub, folder, task)
      assert.deepInclude(hub.task(task.id)?.result, { status: "success", output: "mine" })
    }))
})

describe.concurrent("a program that is missing", () => {
  const sentence =
    "there is no program no-such-agent where the sidecar looks for it (its PATH): install it, or give its whole path"
  for (
    const [form, wake_command] of [
      ["a list", ["no-such-agent", "{prompt}"]],
      ["exec", ["agentcom-sidecar", "exec", "--", "no-such-agent", "{prompt}"]]
    ] as const
  ) {
    it.live(`takes no task, and is named in one sentence: ${form}`, () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const daemon = yield* startDaemon(yield* makeFolder(hub, {}, { wake_command }))
        const told = yield* until("it is told", () => daemon.events("not_ready")[0])
        assert.deepInclude(told, { cause: "program", reason: sentence })
        assert.strictEqual(hub.connections(), 0)
      }))
  }

  it.live("fails the task at once with one sentence that names it: exec in a line, which only its shell reads", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const wake_command = "agentcom-sidecar exec -- no-such-agent {prompt}"
      const folder = yield* makeFolder(hub, {}, { wake_command })
      const daemon = yield* startDaemon(folder)
      const task = yield* submit(hub, "do it", { max_retries: 1 })
      assert.include(yield* failedWith(hub, task), sentence)
      assert.lengthOf(daemon.events("wake_attempt"), 1)
      yield* noneLeft(folder)
    }))

  it.live("is named at the first attempt of a line, which is tried again", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, {}, { wake_command: "no-such-agent --flag" })
      const daemon = yield* startDaemon(folder)
      yield* submit(hub)
      const [first] = yield* until("the first attempt failed", () => {
        const failures = daemon.events("wake_failed")
        return failures.length > 0 ? failures : undefined
      })
      assert.include(String(first?.["reason"]), `the wake command ended with exit code 127: ${sentence}`)
    }))
})

/** `exec` without a daemon, as a wake would run it. */
const alone = (command: ReadonlyArray<string>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "sidecar-exec-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    ),
    (path) => {
      const file = (name: string) => join(path, name)
      writeFileSync(file("t1.prompt"), "do it")
      const env = {
        ...process.env,
        TASK_ID: "t1",
        BATCH_ID: "of a user's own", // a daemon that knows no messages passes it on
        TASK_FILE: file("t1.task"),
        TASK_PROMPT_FILE: file("t1.prompt"),
        RESULTS_DIR: path,
        AGENTCOM_TOKEN: "secret",
        AGENTCOM_WAKE_ID: "g1a1t1"
      }
      const args = [resolve("dist/main.js"), "exec", "--", ...command]
      return { file, env, args, read: (name: string) => existsSync(file(name)) ? readFileSync(file(name), "utf8") : "" }
    }
  )

const exitOf = (args: ReadonlyArray<string>, env: Record<string, string | undefined>) =>
  Effect.callback<{ readonly code: unknown; readonly errors: string }>((resume) => {
    execFile(
      process.execPath,
      [...args],
      { env },
      (error, _, errors) => resume(Effect.succeed({ code: error?.code ?? 0, errors }))
    )
  })

describe("exec", () => {
  it.live("exits with 0 and runs nothing where the answer is there already", () =>
    Effect.gen(function*() {
      const { args, env, file, read } = yield* alone(["sh", "-c", "touch \"$RESULTS_DIR/ran\""])
      writeFileSync(file("t1.json"), "{}")
      assert.deepInclude(yield* exitOf(args, env), { code: 0 })
      assert.isFalse(existsSync(file("ran")))
      assert.isFalse(existsSync(file("t1.started")))
      assert.strictEqual(read("t1.json"), "{}")
    }))

  it.live("gives the command its environment without what is the sidecar's own, but with the cookie", () =>
    Effect.gen(function*() {
      const { args, env, read } = yield* alone(["env"])
      assert.deepInclude(yield* exitOf(args, env), { code: 0 })
      const { output }: { readonly output: string } = JSON.parse(read("t1.json"))
      assert.deepEqual(output.match(/^AGENTCOM_.*$/gm)?.slice(), ["AGENTCOM_WAKE_ID=g1a1t1"])
      assert.match(output, /^TASK_ID=t1$/m)
    }))

  it.live("says in one sentence that it is not in a wake, and exits with 2", () =>
    Effect.gen(function*() {
      const { args, env } = yield* alone(["true"])
      const { code, errors } = yield* exitOf(args, { ...env, TASK_PROMPT_FILE: undefined })
      assert.strictEqual(code, 2)
      assert.match(errors, /^agentcom-sidecar exec: TASK_PROMPT_FILE is not in the environment: [^\n]+\n$/)
    }))

  it.live("does not wait for what the command leaves behind with its output open", () =>
    Effect.gen(function*() {
      const { args, env, read } = yield* alone(["sh", "-c", "sleep 60 & echo $! > \"$RESULTS_DIR/pid\"; echo done"])
      assert.deepInclude(yield* exitOf(args, env), { code: 0 })
      assert.include(read("t1.json"), "\"output\":\"done\\n\"")
      process.kill(Number(read("pid")), "SIGKILL")
    }))

  for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
    it.live(`passes ${signal} on to the whole tree of the command, waits for its end, and writes no answer`, () =>
      Effect.gen(function*() {
        // A shell lets what it starts in the background ignore SIGINT.
        const { args, env, file, read } = yield* alone([
          process.execPath,
          "-e",
          `const { spawn } = require("node:child_process")
           const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000); process.stdout.write('up')"], { detached: true })
           child.stdout.once("data", () => require("node:fs").writeFileSync(process.env.RESULTS_DIR + "/pid", child.pid + "\\n"))
           for (const name of ["SIGTERM", "SIGINT"]) {
             process.on(name, () => child.once("exit", () => { console.log("bye"); process.exit(0) }))
           }`
        ])
        const ended = yield* Effect.acquireRelease(
          Effect.sync(() => spawn(process.execPath, args, { env, stdio: "ignore" })),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        )
        const exit = new Promise((done) => ended.once("exit", done))
        const child = Number(yield* until("the tree runs", () => /^\d+\n/.exec(read("pid"))?.[0]))
        ended.kill(signal)
        assert.strictEqual(yield* Effect.promise(() => exit), code)
        assert.isFalse(isAlive(child))
        assert.isTrue(existsSync(file("t1.started")))
        assert.isFalse(existsSync(file("t1.json")))
      }))
  }
})
