import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join, resolve } from "node:path"
import { inspect } from "node:util"
import { configLimits } from "../src/config/limits.ts"
import { defaultPrompt, spokenPrompt } from "../src/config/promptTemplate.ts"
import { loadSettings } from "../src/config/SidecarConfig.ts"
import { defaultMessagePolicy } from "../src/domain/messages/MessagePolicy.ts"

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sidecar-config-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const secret = "t0p-s3cret"
const needed = { agent_id: "worker-1", token: secret, hub_url: "ws://hub.example:4000/ws" }

const tls = (name: string): string => resolve("test/fixtures/tls", name)

const write = (text: string): string => {
  const path = join(mkdtempSync(join(folder, "agent-")), "config.json")
  writeFileSync(path, text)
  return path
}

const nothing = { flags: {}, environment: {} }

const load = (config: unknown, windows = false) => loadSettings(write(JSON.stringify(config)), nothing, windows)

const problemsOf = (config: unknown, windows = false) =>
  Effect.map(Effect.flip(load(config, windows)), ({ problems }) => problems)

const problemsOfText = (text: string) => Effect.map(Effect.flip(loadSettings(write(text))), ({ problems }) => problems)

describe("config.json", () => {
  it.effect("needs only agent_id, token and hub_url; all else has a default", () =>
    Effect.gen(function*() {
      const path = write(JSON.stringify(needed))
      const { token, ...settings } = yield* loadSettings(path)
      const home = resolve(path, "..")
      expect(Redacted.value(token)).toBe(secret)
      expect(settings).toEqual({
        agent_id: "worker-1",
        hub_url: "ws://hub.example:4000/ws",
        hub_api_url: "http://hub.example:4000",
        wake_command: [
          ...["agentcom-sidecar", "exec", "--"],
          ...["openclaw", "agent", "--agent", "main", "--session-key", "agentcom-${TASK_ID}"],
          ...["--message-file", "{prompt_file}", "--timeout", "86400", "--json"]
        ],
        prompt_template: spokenPrompt,
        wake_command_blocks: true,
        message_command: null,
        message_command_blocks: true,
        messages: { ...defaultMessagePolicy, agent_id: "worker-1" },
        send_max_bytes: 1024 * 1024,
        capabilities: [],
        confirmation_timeout_ms: 30_000,
        agent_silence_ms: 1_800_000,
        output_silence_ms: 3_600_000,
        task_timeout_ms: 86_400_000,
        kill_grace_ms: 5_000,
        retention_days: 7,
        agent_dir: home,
        results_dir: join(home, "results"),
        tasks_dir: join(home, "tasks"),
        outbox_dir: join(home, "outbox"),
        state_file: join(home, "queue.json"),
        log_file: join(home, "sidecar.log"),
        log_file_bytes: 10_000_000,
        log_files: 5,
        tls_ca: null,
        tls_cert: null,
        tls_key: null,
        secret_files: [path],
        own_files: [
          path,
          ...[
            "queue.json",
            "sidecar.log",
            "lock",
            "control.json",
            "incoming.json",
            "heard.json",
            "agent.sqlite",
            "agent.sqlite-wal",
            "agent.sqlite-shm"
          ]
            .map((name) => join(home, name))
        ]
      })
    }))

  const commands: ReadonlyArray<readonly [command: string | ReadonlyArray<string>, isByExec: boolean]> = [
    ["./wake.sh", false],
    [["./wake.sh", "exec"], false],
    [["agentcom-sidecar", "exec", "--", "claude"], true],
    [["agentcom-sidecar", "exec", "--agent", "codex", "--", "./mine"], true],
    ["agentcom-sidecar exec -- ./agent.sh", true],
    ["cd work && /opt/bin/agentcom-sidecar exec -- claude -p", true],
    ["my-agentcom-sidecar exec -- x", false]
  ]
  for (const [wake_command, isByExec] of commands) {
    it.effect(`${JSON.stringify(wake_command)}: ${isByExec ? "" : "not "}run by exec, which decides how it is asked and awaited`, () =>
      Effect.gen(function*() {
        const settings = yield* load({ ...needed, wake_command })
        expect(settings.wake_command_blocks).toBe(isByExec)
        expect(settings.prompt_template).toBe(isByExec ? spokenPrompt : defaultPrompt)
      }))
  }

  it.effect("may name its own schema", () => load({ $schema: "./config.schema.json", ...needed }))

  it.effect("gives relative paths relative to its own folder, and takes absolute ones as they are", () =>
    Effect.gen(function*() {
      const path = write(JSON.stringify({ ...needed, results_dir: "out/answers", log_file: join(folder, "else.log") }))
      const settings = yield* loadSettings(path)
      expect(settings.results_dir).toBe(resolve(path, "..", "out", "answers"))
      expect(settings.log_file).toBe(join(folder, "else.log"))
    }))

  it.effect("finds the hub's HTTP interface on the WebSocket's host, wss as https, unless it names one", () =>
    Effect.gen(function*() {
      const secure = yield* load({ ...needed, hub_url: "WSS://hub.example/deep/ws?x=1" })
      expect(secure.hub_api_url).toBe("https://hub.example")
      const named = yield* load({ ...needed, hub_api_url: "https://api.example/hub/" })
      expect(named.hub_api_url).toBe("https://api.example/hub")
    }))

  it.effect("may begin with the byte order mark of a Windows editor", () =>
    Effect.gen(function*() {
      const settings = yield* loadSettings(write(`\uFEFF${JSON.stringify(needed)}`))
      expect(settings.agent_id).toBe("worker-1")
    }))

  it.effect("may name a PEM file of certificates, read at once", () =>
    Effect.gen(function*() {
      const pem = resolve("test/fixtures/tls/ca.pem")
      expect((yield* load({ ...needed, tls_ca: pem })).tls_ca).toBe(readFileSync(pem, "utf8"))
    }))

  it.effect("may name a certificate and its key, relative to its own folder, which nothing shows", () =>
    Effect.gen(function*() {
      const path = write(JSON.stringify({ ...needed, tls_cert: "mine.pem", tls_key: "mine.key" }))
      const key = readFileSync(tls("client.key"), "utf8")
      writeFileSync(join(path, "..", "mine.pem"), readFileSync(tls("client.pem")))
      writeFileSync(join(path, "..", "mine.key"), key)
      const settings = yield* loadSettings(path, nothing)
      expect(settings.tls_cert).toBe(readFileSync(tls("client.pem"), "utf8"))
      expect(settings.tls_key === null ? null : Redacted.value(settings.tls_key)).toBe(key)
      expect(inspect(settings, { depth: 9 }) + JSON.stringify(settings)).not.toContain("PRIVATE KEY")
      expect(settings.secret_files).toEqual([path, resolve(path, "..", "mine.key")])
    }))

  it.effect("may name a file with the text of the prompt, and write braces in it that are no placeholders", () =>
    Effect.gen(function*() {
      const text = `{task} {{task}} {"status": 1} {} \${X} {Y}`
      writeFileSync(join(folder, "prompt.md"), text)
      expect((yield* load({ ...needed, prompt_template: join(folder, "prompt.md") })).prompt_template).toBe(text)
    }))

  it.effect("may give the wake command as a list of texts", () =>
    Effect.gen(function*() {
      const list = ["agent", "--file", "${TASK_FILE}", "--text={prompt}", "{prompt}", "", "sh -c"]
      expect((yield* load({ ...needed, wake_command: list })).wake_command).toEqual(list)
    }))

  it.effect("is filled in from config.example.json by replacing the token", () =>
    Effect.gen(function*() {
      const example: Record<string, unknown> = JSON.parse(readFileSync("config.example.json", "utf8"))
      expect(yield* problemsOf(example)).toEqual(["config.json: token: must be one word of printable ASCII characters"])
      const settings = yield* load({ ...example, token: secret })
      expect(settings.wake_command).toEqual((yield* load(needed)).wake_command)
    }))
})

describe("what is wrong in config.json", () => {
  it.effect("is told all at once, a line each, with the nearest key for an unknown one", () =>
    Effect.gen(function*() {
      const problems = yield* problemsOf({
        agent_id: "two words",
        tokn: secret,
        hub_url: "http://hub",
        "Wake-Command": "x",
        confirmation_timeout: 3,
        unheard_of: 1,
        capabilities: ["code", 3, ""],
        wake_command_blocks: "yes",
        agent_silence_ms: 1.5,
        task_timeout_ms: "1 day",
        kill_grace_ms: 0,
        results_dir: "./tasks",
        tls_ca: "missing.pem"
      })
      expect(problems.map((line) => line.replace(/\S+missing\.pem/, "missing.pem"))).toEqual([
        "config.json: tokn: is not a key of the configuration; did you mean token?",
        "config.json: Wake-Command: is not a key of the configuration; did you mean wake_command?",
        "config.json: confirmation_timeout: is not a key of the configuration; did you mean confirmation_timeout_ms?",
        "config.json: unheard_of: is not a key of the configuration",
        "config.json: agent_id: must be one word of letters, digits and . _ : @ -",
        "config.json: token: is missing",
        "config.json: hub_url: must be a ws:// or wss:// address",
        "config.json: tls_ca: missing.pem cannot be read: there is no such file",
        "config.json: wake_command_blocks: must be true or false",
        "config.json: capabilities[1]: must be text in double quotes",
        "config.json: capabilities[2]: must not be empty",
        "config.json: agent_silence_ms: must be a whole number",
        "config.json: task_timeout_ms: must be a number",
        `config.json: kill_grace_ms: must be 1 to ${configLimits.kill_grace_ms} milliseconds`,
        "config.json: tasks_dir: must not be the folder of results_dir"
      ])
    }))

  it.effect("is told with the name of the file that was given", () =>
    Effect.gen(function*() {
      const path = join(folder, "other.json")
      writeFileSync(path, "[]")
      const error = yield* Effect.flip(loadSettings(path))
      expect(error.problems).toEqual(["other.json: must be a JSON object in { }"])
      expect(error.message).toBe(error.problems.join("\n"))
    }))

  const outOfBounds: ReadonlyArray<readonly [key: string, what: string, value: unknown]> = [
    ["agent_id", "empty", ""],
    ["agent_id", "too long", "a".repeat(129)],
    ["agent_id", "no name", "a/b"],
    ["token", "empty", ""],
    ["token", "of two words", "with space"],
    ["hub_url", "no address", "hub.example"],
    ["hub_url", "one with a password", "ws://user:pass@hub.example/ws"],
    ["hub_url", "one with a fragment", "ws://hub.example/ws#part"],
    ["hub_api_url", "no HTTP address", "ws://hub.example"],
    ["wake_command", "blank", " "],
    ["wake_command", "cut by a NUL", "a\0b"],
    ["wake_command", "too long", "x".repeat(32_001)],
    ["wake_command", "neither text nor a list", 5],
    ["wake_command", "a list with a number", ["a", 1]],
    ["wake_command", "an empty list", []],
    ["wake_command", "a list without a program", ["", "a"]],
    ["wake_command", "a list that begins with an option", ["-a"]],
    ["wake_command", "a list cut by a NUL", ["a", "b\0"]],
    ["wake_command", "a list that is too long", ["a", "x".repeat(32_000)]],
    ["wake_command", "a list of too many arguments", Array.from({ length: 1_001 }, () => "x")],
    ["wake_command", "a list with the task's text in a variable", ["agent", "${TASK_DESCRIPTION}"]],
    ["prompt_template", "empty", ""],
    ["prompt_template", "no path", ["a"]],
    ["results_dir", "the folder of config.json itself", "."],
    ["tasks_dir", "the folder of config.json itself", "./results/.."],
    ["capabilities", "too many", Array.from({ length: 101 }, () => "x")],
    ["confirmation_timeout_ms", "over an hour", 3_600_001],
    ["agent_silence_ms", "negative", -1],
    ["task_timeout_ms", "beyond what a timer can wait", 1e12],
    ["retention_days", "less than a day", 0],
    ["retention_days", "part of a day", 1.5],
    ["retention_days", "beyond what a clock can tell", 10_001],
    ["results_dir", "empty", ""],
    ["tasks_dir", "cut by a NUL", "a\0b"],
    ["log_file", "null", null]
  ]
  it.effect.each(outOfBounds)("is its %s if that is %s", ([key, , value]) =>
    Effect.gen(function*() {
      const [problem, ...others] = yield* problemsOf({ ...needed, [key]: value })
      expect(problem).toMatch(new RegExp(`^config\\.json: ${key}: must `))
      expect(others).toEqual([])
    }))

  it.effect("is, on Windows, any mention of the task's text in the wake command, which cmd.exe would run", () =>
    Effect.gen(function*() {
      for (
        const name of ["${TASK_JSON}", "%TASK_JSON%", "!task_json!", "$TASK_DESCRIPTION", "%Task_Description:~0,9%"]
      ) {
        const config = { ...needed, wake_command: `agent "${name}"` }
        expect(yield* problemsOf(config, true)).toEqual([
          "config.json: wake_command: must not use TASK_JSON or TASK_DESCRIPTION on Windows: use ${TASK_FILE}, the file that holds the task"
        ])
        expect((yield* load(config)).wake_command).toContain(name)
      }
      expect(yield* problemsOf({ ...needed, wake_command: "a\nb" }, true)).toHaveLength(1)
      yield* load(needed, true)
    }))

  const misplacedLogs: ReadonlyArray<readonly [log_file: string, problem: string]> = [
    ["config.json", "must not be config.json"],
    ["./tasks/../config.json", "must not be config.json"],
    ["link.log", "must not be config.json"],
    ["queue.json", "must not be queue.json"],
    ["here/queue.json", "must not be queue.json"],
    ["queue.json.1", "must not be queue.json"],
    ["lock", "must not be lock"],
    ["here/control.json", "must not be control.json"],
    ["tasks/sidecar.log", "must not be in tasks_dir"],
    ["outbox/sidecar.log", "must not be in outbox"],
    ["agent.sqlite-wal", "must not be agent.sqlite-wal"],
    ["here/results/sidecar.log", "must not be in results_dir"],
    ["results", "must not be in results_dir"]
  ]
  it.effect.each(misplacedLogs)(
    "is the log_file %s, which would write over what we keep",
    ([log_file, problem]) =>
      Effect.gen(function*() {
        const path = write(JSON.stringify({ ...needed, log_file }))
        symlinkSync("config.json", resolve(path, "..", "link.log"))
        symlinkSync(".", resolve(path, "..", "here"))
        const error = yield* Effect.flip(loadSettings(path))
        expect(error.problems).toEqual([`config.json: log_file: ${problem}`])
      })
  )

  it.effect("is not a log_file whose name only begins like another", () =>
    Effect.gen(function*() {
      yield* load({ ...needed, log_file: "./tasks.log" })
      yield* load({ ...needed, log_file: "./queue.jsonl" })
      yield* load({ ...needed, log_file: "./QUEUE.json" })
      expect(yield* problemsOf({ ...needed, log_file: "./QUEUE.json" }, true)).toHaveLength(1)
    }))

  it.effect("is a log_file that would become config.json when it is full", () =>
    Effect.gen(function*() {
      const path = join(mkdtempSync(join(folder, "log-")), "settings.1")
      writeFileSync(path, JSON.stringify({ ...needed, log_file: "settings" }))
      expect((yield* Effect.flip(loadSettings(path))).problems).toEqual([
        "settings.1: log_file: must not be settings.1"
      ])
    }))

  it.effect("is a tls_ca without certificates", () =>
    Effect.gen(function*() {
      for (const text of ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]) {
        writeFileSync(join(folder, "ca.pem"), text)
        const problems = yield* problemsOf({ ...needed, tls_ca: join(folder, "ca.pem") })
        expect(problems).toEqual([`config.json: tls_ca: ${join(folder, "ca.pem")} must hold PEM certificates`])
      }
    }))

  const pairs: ReadonlyArray<readonly [what: string, given: Record<string, string>, problem: string]> = [
    ["a tls_cert alone", { tls_cert: tls("client.pem") }, "tls_cert: must be given with tls_key"],
    ["a tls_key alone", { tls_key: tls("client.key") }, "tls_key: must be given with tls_cert"],
    [
      "the key of another certificate",
      { tls_cert: tls("client.pem"), tls_key: tls("server.key") },
      "tls_key: must be the key of the first certificate in tls_cert"
    ],
    [
      "a certificate whose key is too short for TLS",
      { tls_cert: tls("short.pem"), tls_key: tls("short.key") },
      "tls_cert: cannot be used with its key: ee key too small"
    ],
    [
      "a key that is no PEM",
      { tls_cert: tls("client.pem"), tls_key: resolve("package.json") },
      `tls_key: ${resolve("package.json")} must hold a private key as PEM`
    ],
    [
      "a certificate in the place of the key",
      { tls_cert: tls("client.pem"), tls_key: tls("client.pem") },
      `tls_key: ${tls("client.pem")} must hold a private key as PEM`
    ],
    [
      "a key with a passphrase",
      { tls_cert: tls("client.pem"), tls_key: tls("client-encrypted.key") },
      `tls_key: ${
        tls("client-encrypted.key")
      } has a passphrase, which nobody can type at a daemon: give a key without one`
    ],
    [
      "a key that is not there",
      { tls_cert: tls("client.pem"), tls_key: resolve("nowhere.key") },
      `tls_key: ${resolve("nowhere.key")} cannot be read: there is no such file`
    ],
    [
      "a tls_cert that is no certificate",
      { tls_cert: tls("client.key"), tls_key: tls("client.key") },
      `tls_cert: ${tls("client.key")} must hold PEM certificates`
    ]
  ]
  it.effect.each(pairs)(
    "is %s, in one sentence that shows nothing of a key",
    ([, given, problem]) =>
      Effect.gen(function*() {
        expect(yield* problemsOf({ ...needed, ...given })).toEqual([`config.json: ${problem}`])
      })
  )

  const unreadable: ReadonlyArray<readonly [key: string, more: Record<string, unknown>]> = [
    ["token_file", { token: undefined }],
    ["tls_ca", {}],
    ["tls_cert", { tls_key: tls("client.key") }],
    ["tls_key", { tls_cert: tls("client.pem") }],
    ["prompt_template", {}]
  ]
  it.effect.each(unreadable)(
    "is a %s for which one could wait for ever, or read without end",
    ([key, more]) =>
      Effect.gen(function*() {
        const pipe = join(mkdtempSync(join(folder, "pipe-")), "pipe")
        expect(spawnSync("mkfifo", [pipe]).status).toBe(0)
        for (const file of [pipe, "/dev/zero"]) {
          const [problem] = yield* problemsOf({ ...needed, ...more, [key]: file })
          expect(problem).toBe(`config.json: ${key}: ${file} cannot be read: it is no regular file`)
        }
      })
  )

  it.effect("is a tls_cert that is larger than certificates are", () =>
    Effect.gen(function*() {
      const path = join(folder, "large.pem")
      const pem = readFileSync(tls("client.pem"), "utf8")
      writeFileSync(path, pem.padEnd(configLimits.tls_certificates_bytes + 1))
      expect(yield* problemsOf({ ...needed, tls_ca: path })).toEqual([
        `config.json: tls_ca: ${path} must hold PEM certificates`
      ])
    }))

  const templates: ReadonlyArray<readonly [what: string, content: string | Buffer | null, problem: string]> = [
    ["is not there", null, "cannot be read: there is no such file"],
    [
      "has a placeholder that is none",
      "{task} {taks}",
      "has the unknown placeholder {taks}; there are {task} {details}"
    ],
    ["does not hold the task", "do {details}", "must hold {task} or {task_file}"],
    ["only writes the name of one", "{{task}}", "must hold {task} or {task_file}"],
    ["is no text", Buffer.from([0x7b, 0xff, 0xfe]), "is not UTF-8 text"],
    ["is too large", `{task}${" ".repeat(configLimits.prompt_template_bytes)}`, "must be at most 65536 bytes"]
  ]
  it.effect.each(templates)("is a prompt_template whose file %s", ([, content, problem]) =>
    Effect.gen(function*() {
      const template = join(mkdtempSync(join(folder, "template-")), "prompt.md")
      if (content !== null) writeFileSync(template, content)
      const [first = "", ...others] = yield* problemsOf({ ...needed, prompt_template: template })
      expect(first.startsWith(`config.json: prompt_template: ${template} ${problem}`)).toBe(true)
      expect(others).toEqual([])
    }))

  const notJson: ReadonlyArray<readonly [text: string, fault: string]> = [
    ["", "line 1, column 1: expected a value"],
    [`{"a": 1,}`, "line 1, column 9: expected a key in double quotes"],
    [`{\n  "a": 1 // why\n}`, "line 2, column 10: expected a comma or }"],
    [`{\n  "a": "C:\\users"\n}`, "line 2, column 8: expected text that ends on its line, with \\\\ for each backslash"],
    [`{"a": "open`, "line 1, column 7: expected text that ends on its line, with \\\\ for each backslash"],
    [`{"a" 1}`, "line 1, column 6: expected a colon"],
    [`{\n  "a": 1\n  "b": 2\n}`, "line 3, column 3: expected a comma or }"],
    [`{"a": ["b" "c"]}`, "line 1, column 12: expected a comma or ]"],
    [`{"a" "b"}`, "line 1, column 6: expected a colon"],
    [`{a: 1}`, "line 1, column 2: expected a key in double quotes or }"],
    [`{"a": [1 2]}`, "line 1, column 10: expected a comma or ]"],
    [`{"a": [tru]}`, "line 1, column 8: expected a value or ]"],
    [`{"a": [1, ]}`, "line 1, column 11: expected a value"],
    [`{"a": {"b": [null, -1.5e+3, "\\u00e9"]}} x`, "line 1, column 41: expected the end of the file"]
  ]
  it.effect.each(notJson)("is text that is not JSON, as %j, with the place", ([text, fault]) =>
    Effect.gen(function*() {
      expect(yield* problemsOfText(text)).toEqual([`config.json: is not JSON at ${fault}`])
    }))

  it.effect("is a file that is not there, with the command that makes one", () =>
    Effect.gen(function*() {
      const path = join(folder, "nowhere", "config.json")
      const example = resolve("config.example.json")
      const missing = (windows: boolean) =>
        Effect.map(Effect.flip(loadSettings(path, nothing, windows)), ({ message }) => message)
      const told =
        "config.json: there is no such file; make one by agentcom-sidecar init, or from config.example.json and fill it in:"
      expect(yield* missing(false)).toBe(`${told} cp ${basename(example)} ${path}`)
      expect(yield* missing(true)).toBe(`${told} copy ${basename(example)} ${path}`)
    }))

  it.effect("is a file that is a folder, a device or too large", () =>
    Effect.gen(function*() {
      const device = yield* Effect.flip(loadSettings("/dev/zero"))
      expect(device.message).toBe("zero: cannot be read: it is no regular file")
      const { message } = yield* Effect.flip(loadSettings(folder))
      expect(message).toBe(`${basename(folder)}: cannot be read: it is a folder`)
      expect(yield* problemsOfText(" ".repeat(configLimits.file_bytes + 1))).toEqual([
        `config.json: must be at most ${configLimits.file_bytes} bytes`
      ])
    }))
})

describe("the token", () => {
  const shown = (value: unknown) => [inspect(value, { depth: 9 }), JSON.stringify(value), String(value)].join("\n")

  it.effect("is not shown by the settings, however they are printed", () =>
    Effect.gen(function*() {
      expect(shown(yield* load(needed))).not.toContain(secret)
    }))

  it.effect("is not shown by an error, whatever else is wrong", () =>
    Effect.gen(function*() {
      const wrong = [{ token: secret }, { ...needed, tokn: secret }, { ...needed, token: `${secret} ${secret}` }]
      for (const config of [...wrong, { ...needed, token: [secret] }, { ...needed, hub_url: 5 }]) {
        const error = yield* Effect.flip(load(config))
        expect(shown(error) + String(error.stack)).not.toContain(secret)
      }
      for (const text of [`{"token": "${secret}" "x"}`, `{"token": ${secret}}`, `{"token": "${secret}`]) {
        expect(shown(yield* Effect.flip(loadSettings(write(text))))).not.toContain(secret)
      }
    }))
})
