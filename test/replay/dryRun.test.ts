import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { type Invocation, parse } from "../../src/cli/cli.ts"
import { describeWith } from "../support/needs.ts"
import { recordedAs, recordingOf, recordings, textOfRecording } from "./support.ts"

const program = resolve("dist/main.js")
const blip = resolve(recordings, "blip.jsonl")
const happy = resolve(recordings, "happy.jsonl")
const cancel = resolve(recordings, "cancel.jsonl")

/** A folder with a recording that this version replays without a difference, removed with the scope. */
const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const path = mkdtempSync(join(tmpdir(), "sidecar-dry-"))
    const own = join(path, "own.jsonl")
    writeFileSync(own, recordingOf(recordedAs(textOfRecording("happy.jsonl"))))
    return { path, own }
  }),
  ({ path }) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const run = (args: ReadonlyArray<string>, input = "") => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [program, ...args], {
    cwd: tmpdir(),
    encoding: "utf8",
    input,
    maxBuffer: 64 * 1024 * 1024
  })
  return { status, stdout, stderr }
}

const parsed = (line: string): Invocation => parse(line.split(" "))

describe("--dry-run", () => {
  it("takes files behind it, with or without run, and standard input as -", () => {
    const expected = { _tag: "Run", command: "dry-run", options: { "dry-run": "a", json: "" }, rest: ["a", "b", "-"] }
    for (const line of ["--dry-run a b - --json", "run --dry-run a b --json -", "--json --dry-run a -- b -"]) {
      expect(parsed(line)).toEqual(expected)
    }
    expect(parsed("--dry-run -")).toMatchObject({ command: "dry-run", rest: ["-"] })
    expect(parsed("--dry-run a run")).toMatchObject({ command: "dry-run", rest: ["a", "run"] })
    expect(parsed("--dry-run a --dry-run b")).toMatchObject({ command: "dry-run", rest: ["a", "b"] })
  })

  it("needs a file, takes no option of the daemon, and is no option of another command", () => {
    for (const line of ["--dry-run --help", "--dry-run -h", "--dry-run a --task --help"]) {
      expect(parsed(line)).toEqual({ _tag: "Help", command: "dry-run" })
    }
    expect(parsed("--dry-run")).toMatchObject({ _tag: "Misused", problem: "--dry-run needs a value" })
    expect(parsed("--dry-run a --config b")).toMatchObject({ problem: "--config is not an option of dry-run" })
    expect(parsed("run --json")).toMatchObject({ problem: "--json is not an option of run" })
    expect(parsed("dev-hub --dry-run a")).toMatchObject({ _tag: "Misused" })
  })
})

describe("agentcom-sidecar --dry-run", () => {
  it.effect("needs no config.json, prints the timeline, and exits with 0 where nothing differs", () =>
    Effect.gen(function*() {
      const { own } = yield* folder
      const { status, stderr, stdout } = run(["--dry-run", own])
      expect(stderr).toBe("")
      expect(status).toBe(0)
      expect(stdout).toContain("WAKE       task-8b4fb30a0531eff5 attempt 1\n")
      expect(stdout).toContain(
        "out 18 same, 0 changed, 0 only recorded, 0 only of this version\nother differences: 0\n"
      )
    }))

  it("exits with 1 where something differs, unless nothing is expected", () => {
    expect(run(["--dry-run", blip]).status).toBe(1)
    expect(run(["--dry-run", blip, "--expect", "none"])).toMatchObject({ status: 0, stderr: "" })
    expect(run(["--dry-run", cancel, "--expect", "ignore=description,metadata"]).status).toBe(0)
    expect(run(["--dry-run", cancel, "--expect=ignore=description"]).status).toBe(1)
  })

  it.effect("exits with 65 and a sentence where a file is no recording, and with 2 where it is misused", () =>
    Effect.gen(function*() {
      const { path } = yield* folder
      const prose = join(path, "prose.txt")
      writeFileSync(prose, "Dear reader,\n")
      const sentence = (problem: string) => `agentcom-sidecar: ${problem}\n`
      for (
        const [args, status, stderr] of [
          [[prose], 65, sentence(`${prose}:1: not a recording: not a line of a recording`)],
          [[join(path, "none")], 65, sentence(`${join(path, "none")}: cannot be read: there is no such file`)],
          [[path], 65, sentence(`${path}: cannot be read: it is a folder`)],
          [["-"], 65, sentence("standard input: not a recording: it is empty")],
          [[happy, prose], 65, sentence(`${prose}:1: not a recording: not a line of a recording`)],
          [
            [happy, "--agent", "x"],
            2,
            sentence(
              "--agent: x is none of confirms-after=MS, confirms-after=never, works=MS, exits=CODE (see agentcom-sidecar --help)"
            )
          ]
        ] as const
      ) {
        expect(run(["--dry-run", ...args])).toMatchObject({ status, stderr })
      }
    }))

  it("reads standard input, and several files in order", () => {
    const text = readFileSync(happy, "utf8")
    const named = run(["--dry-run", happy])
    const piped = run(["--dry-run", "-"], text)
    expect(piped.stdout).toBe(named.stdout.replace(happy, "standard input"))
    const both = run(["--dry-run", happy, blip])
    expect(both.stdout).toContain(`${happy} (frames only)`)
    expect(both.stdout).toContain(`${blip} (frames only)`)
    expect(both.stdout).toContain("task-098866a4446e7d57 once")
  })

  it("prints each event as a line of JSON for machines, the same each time", () => {
    const { stdout } = run(["--dry-run", blip, "--json"])
    const events = stdout.trimEnd().split("\n").map((line): Record<string, unknown> => JSON.parse(line))
    expect(new Set(events.map(({ kind }) => kind))).toEqual(
      new Set(["file", "life", "fact", "state", "frame", "action", "wake", "log", "note", "end"])
    )
    expect(events.every(({ t }) => typeof t === "number")).toBe(true)
    expect(events.at(-1)).toMatchObject({ kind: "end", summary: { differs: true } })
    expect(run(["--dry-run", blip, "--json"]).stdout).toBe(stdout)
  })

  it("cuts what is printed by time and task, and still compares all", () => {
    const cut = run(["--dry-run", happy, "--task", "task-89aa4f6961d7fc16", "--from", "00:17:03.4", "--to", "6"])
    expect(cut.status).toBe(1)
    const shown = cut.stdout.split("\n").slice(1, -4)
    expect(shown.length).toBeGreaterThan(3)
    expect(shown.filter((line) => /task-(?!89aa4f6961d7fc16)/.test(line))).toEqual([])
    expect(cut.stdout).toContain("frames: 16 in")
    expect(cut.stdout).not.toContain("WAKE")
  })

  it.effect("draws the page that --html asks for, and never over another file", () =>
    Effect.gen(function*() {
      const { path } = yield* folder
      const page = join(path, "blip.html")
      const { status, stderr, stdout } = run(["--dry-run", blip, "--html", page])
      expect([status, stderr]).toEqual([1, ""])
      expect(stdout).toContain("woken: task-098866a4446e7d57 once\n")
      const text = readFileSync(page, "utf8")
      expect(text).toMatch(/^<!doctype html>[^]*<\/html>\s*$/i)
      expect(text).toContain("task-098866a4446e7d57")
      expect(text).toContain("class Viewer") // the program of the page is in it
      const again = run(["--dry-run", blip, "--html", blip])
      expect(again.status).toBe(2)
      expect(again.stderr).toContain("the page was not written")
    }))

  it.effect("prints with --minimize the first step that differs, or writes it where there is no file yet", () =>
    Effect.gen(function*() {
      const { own, path } = yield* folder
      const { status, stderr, stdout } = run(["--dry-run", blip, "--minimize"])
      expect(status).toBe(1)
      expect(stderr).toMatch(/^agentcom-sidecar: the first step that differs is at \S+blip\.jsonl:\d+\n$/)
      expect(JSON.parse(stdout)).toMatchObject({ message: { _tag: "TaskAssigned" }, now: expect.any(Number) })
      for (const options of [["--minimize", "--expect", "strict"], ["--minimize=", "--agent", "works=1000"]]) {
        expect(run(["--dry-run", blip, ...options])).toMatchObject({ status: 1, stdout: expect.stringContaining("{") })
      }

      const row = join(path, "row.json")
      expect(run(["--dry-run", blip, "--minimize", row])).toMatchObject({ status: 1, stdout: "" })
      expect(readFileSync(row, "utf8")).toBe(stdout)
      const again = run(["--dry-run", blip, "--minimize", row])
      expect(again).toMatchObject({ status: 2, stdout: "" })
      expect(again.stderr).toContain("the differing step was not written: there is a file already")

      const same = run(["--dry-run", own, "--minimize"])
      expect(same).toMatchObject({ status: 0, stdout: "" })
      expect(same.stderr).toMatch(
        /^agentcom-sidecar: the recording does not differ from what this version does, [^\n]+\n$/
      )
      expect(run(["--dry-run", join(path, "none"), "--minimize"])).toMatchObject({ status: 65, stdout: "" })
      expect(run(["--dry-run", blip, "--minimize", "--json"])).toMatchObject({ status: 2, stdout: "" })
    }))

  it("plays at the pace of the recording where it is asked to", () => {
    const begun = performance.now()
    const { stdout } = run(["--dry-run", happy, "--realtime", "--to", "1.7"])
    expect(performance.now() - begun).toBeGreaterThan(1_600)
    expect(stdout).toContain("WAKE")
  })

  it.effect("waits at that pace for nothing that is not printed: what is cut away, and the silence at the end", () =>
    Effect.gen(function*() {
      const { own, path } = yield* folder
      const [first, ...rest] = readFileSync(own, "utf8").trimEnd().split("\n")
      const later = rest.map((line) => line.replace(/(?<="t":)[\d.]+/, (t) => String(Number(t) + 60_000)))
      const file = join(path, "later.jsonl")
      writeFileSync(file, [first, ...later].join("\n"))
      const begun = performance.now()
      const { stdout } = run(["--dry-run", file, "--realtime", "--from", "60", "--to", "61"])
      expect(stdout).toContain("to hub     identify")
      const silent = join(path, "silent.jsonl")
      writeFileSync(silent, rest.slice(0, 1).join("\n"))
      expect(run(["--dry-run", silent, "--realtime"]).stdout).toContain("life 1 ends")
      expect(performance.now() - begun).toBeLessThan(30_000)
    }))

  it("exits with 2 and a sentence where standard output cannot be written", () => {
    const { status, stderr } = spawnSync("sh", [
      "-c",
      "exec \"$@\" > /dev/full",
      "sh",
      process.execPath,
      program,
      "--dry-run",
      blip
    ], {
      encoding: "utf8"
    })
    expect([status, stderr]).toEqual([
      2,
      "agentcom-sidecar: standard output could not be written: the disk is full\n"
    ])
  })

  it("ends with 130 and 143 where a signal has stopped it, so that nobody takes it for the same", async () => {
    for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      const child = spawn(process.execPath, [program, "--dry-run", "-", "--realtime", "--json"], { stdio: "pipe" })
      child.stdin.on("error", () => undefined)
      child.stdin.write(readFileSync(happy, "utf8").repeat(400))
      await once(child.stdout, "data")
      child.kill(signal)
      const [code] = await once(child, "close")
      expect(code).toBe(expected)
    }
  })

  it("ends quietly when nobody reads any more, with the code that it would have ended with", async () => {
    const text = `${readFileSync(happy, "utf8").trimEnd()}\n`
    const child = spawn(process.execPath, [program, "--dry-run", "-", "--json"], { stdio: ["pipe", "pipe", "pipe"] })
    let errors = ""
    child.stderr.on("data", (chunk) => errors += String(chunk))
    child.stdin.on("error", () => undefined)
    child.stdout.destroy()
    for (let round = 0; round < 200; round++) child.stdin.write(text)
    child.stdin.end()
    const [code] = await once(child, "close")
    expect([code, errors]).toEqual([1, ""])
  })

  it.effect("draws the page also where nobody reads the timeline", () =>
    Effect.gen(function*() {
      const { own, path } = yield* folder
      const page = join(path, "page.html")
      const child = spawn(process.execPath, [program, "--dry-run", own, "--html", page], {
        stdio: ["ignore", "pipe", "ignore"]
      })
      child.stdout.destroy()
      const [code] = yield* Effect.promise(() => once(child, "close"))
      expect(code).toBe(0)
      expect(readFileSync(page, "utf8")).toContain("</html>")
    }))

  it("never shows a trace, whatever stands in a recording", () => {
    const lines = readFileSync(happy, "utf8").split("\n")
    const deep = `{"t":1,"dir":"in","msg":{"type":"task_assign","task_id":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`
    const odd = ["", "}{", deep, "{\"t\":1e300,\"dir\":\"in\",\"msg\":{\"type\":\"task_assign\"}}", "\u0000\uFFFF"]
    const { status, stderr } = run(["--dry-run", "-"], [...lines.slice(0, 3), ...odd, ...lines.slice(3)].join("\n"))
    expect([status, stderr]).toEqual([1, ""])
  })
})

/** The system calls that could change, start or reach something outside the process. */
const forbidden = [
  "execve",
  "execveat",
  "fork",
  "vfork",
  "clone",
  "clone3",
  "socket",
  "connect",
  "bind",
  "sendto",
  "sendmsg",
  "creat",
  "rename",
  "renameat",
  "renameat2",
  "link",
  "linkat",
  "symlink",
  "symlinkat",
  "unlink",
  "unlinkat",
  "rmdir",
  "mkdir",
  "mkdirat",
  "truncate",
  "ftruncate",
  "chmod",
  "fchmod",
  "fchmodat",
  "chown",
  "fchown",
  "fchownat",
  "utimensat",
  "kill"
]

describeWith("strace", "a dry run under strace", () => {
  it.effect("writes no file, opens no socket and starts no program", () =>
    Effect.gen(function*() {
      const { own, path } = yield* folder
      const trace = join(path, "trace")
      const calls = [...forbidden, "open", "openat", "openat2"].map((call) => `?${call}`).join(",")
      // strace does not see calls through io_uring, so it is switched off.
      const noRing = "--inject=?io_uring_setup:error=ENOSYS"
      const args = ["-f", "-o", trace, `--trace=${calls}`, noRing, process.execPath, program, "--dry-run", own, blip]
      const { status } = spawnSync("strace", args, { cwd: path, encoding: "utf8" })
      expect(status).toBe(1)
      const made = readFileSync(trace, "utf8").split("\n").filter((line) => /^\d+ +\w+\(/.test(line))
      const [started, ...others] = made
      expect(started).toMatch(/ execve\(/)
      const isThread = (line: string): boolean => / clone3?\(.*CLONE_THREAD/.test(line)
      const isReading = (line: string): boolean =>
        / open(?:at2?)?\(/.test(line) && !/O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(line)
      // Node.js opens /dev/null at its start if a standard stream is closed.
      const isOfNode = (line: string): boolean => line.includes("\"/dev/null\"")
      expect(others.filter((line) => !isThread(line) && !isReading(line) && !isOfNode(line))).toEqual([])
      expect(others.filter((line) => line.includes(own)).length).toBe(1)
      expect(readdirSync(path).toSorted()).toEqual(["own.jsonl", "trace"])
    }))
})

describe("the code of a dry run", () => {
  const root = resolve(import.meta.dirname, "../..")
  const imported = /^(?:import|export)\s(?!type\b)(?:[^"`]*?\sfrom\s)?"([^"]+)"/gm
  const importedLater = /\bimport\("([^"]+)"\)/g
  const namesIn = (path: string, pattern: RegExp): ReadonlyArray<string> =>
    [...readFileSync(path, "utf8").matchAll(pattern)].map(([, name]) => name ?? "")

  /** The modules that are loaded for it, and what each takes from Node.js and may load later. */
  const loaded = (path: string, seen: Map<string, ReadonlyArray<string>> = new Map()) => {
    if (seen.has(path)) return seen
    const names = namesIn(path, imported)
    seen.set(path, [...names.filter((name) => name.startsWith("node:")), ...namesIn(path, importedLater)])
    for (const name of names) if (name.startsWith(".")) loaded(resolve(path, "..", name), seen)
    return seen
  }

  it("has nothing in it that could wake, send or write: no layer of production, and of Node.js only the reading of files", () => {
    const modules = loaded(join(root, "src/cli/dryRun.ts"))
    const paths = [...modules.keys()].map((path) => path.slice(root.length + 1))
    expect(paths.length).toBeGreaterThan(30)
    expect(
      paths.filter((path) =>
        /^src\/(?:layers|config|dev|agent|hub|storage|observe)\/|Sidecar\.ts$/.test(path) && !path.includes("replay")
      )
    )
      // It only counts threads. The end of every command asks it.
      .toEqual(["src/storage/threadsAtWork.ts"])
    const outside = [...modules].flatMap(([path, names]) =>
      names.map((name) => `${path.slice(root.length + 1)}: ${name}`)
    )
    // What can write a file is loaded only where --html or --minimize asks for it.
    expect(outside).toEqual([
      "src/cli/dryRun.ts: ../replay/html/drawnTo.ts",
      "src/cli/dryRun.ts: ../replay/minimizedTo.ts",
      "src/replay/read/source.ts: node:fs",
      // Every command uses these at its end: to listen for signals, to end in time, and to write to the terminal.
      "src/cli/runMain.ts: node:tty",
      "src/cli/runMain.ts: node:worker_threads",
      "src/text/terminal.ts: node:fs",
      "src/text/terminal.ts: node:tty"
    ])
    const source = readFileSync(join(root, "src/replay/read/source.ts"), "utf8")
    expect(source.match(/openSync\([^()]*\)/g)).toEqual(["openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)"])
    expect(source).toContain(
      "import { closeSync, constants, createReadStream, openSync, readSync, statSync } from \"node:fs\""
    )
  })
})
