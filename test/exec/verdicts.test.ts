import { describe, expect, test } from "vitest"
import { judged, recordedOf } from "./recorded.ts"

type Verdict = "success" | "failed" | "blocked"
type Row = readonly [scenario: string, verdict: Verdict, says: string, tokens: number | null]

/**
 * What the hub gets for each recorded run: the verdict, the beginning of the agent's answer or of the reason (where it was blocked: what
 * was denied), and the tokens if the program tells them.
 */
const verdicts: Readonly<Record<string, ReadonlyArray<Row>>> = {
  claude: [
    ["400", "failed", "API Error: 400 fake error 400", null],
    ["401", "failed", "ended with exit code 143: the model does not answer: 401 authenticatio", null],
    ["429-retries1", "failed", "API Error: Request rejected (429) · fake error 429", null],
    ["529", "failed", "API Error: Repeated 529 Overloaded errors. The API is at capacity — th", null],
    ["all-issandbox", "success", "The tool said: $WORK", 330],
    ["badflag", "failed", "ended with exit code 1: error: unknown option '--no-such-flag'", null],
    ["bash", "success", "The tool said: $WORK", 330],
    ["cut-retries1", "failed", "API Error: Connection dropped (ECONNRESET). Check the gateway set in A", null],
    [
      "denied-bash (one object)",
      "blocked",
      "Bash: pwd; id -un; echo made > made-by-bash.txt; ls made-by-bash.txt; ",
      330
    ],
    ["denied-bash", "blocked", "Bash: pwd; id -un; echo made > made-by-bash.txt; ls made-by-bash.txt; ", 330],
    ["denied-write", "blocked", "Write: $WORK/made.txt. Allow it with --permission-mode acceptEdits (ed", 330],
    ["empty", "failed", "Claude Code ended its turn without a word", 330],
    ["loop", "failed", "Reached maximum number of turns (3)", 495],
    ["maxtokens", "failed", "API Error: Claude's response exceeded the 128000 output token maximum.", 660],
    ["nologin", "failed", "Not logged in · Please run /login", null],
    ["none", "failed", "Claude Code ended its turn without a word", 330],
    ["outside-write", "blocked", "Write: $RUN/outside.txt. Allow it with --permission-mode acceptEdits (", 330],
    ["refusal", "failed", "API Error: Opus 5.5's safeguards flagged this message (https://www.ant", 330],
    ["resume-unknown", "failed", "No conversation found with session ID: 11111111-2222-4333-8444-5555555", null],
    ["text (one object)", "success", "The task is done.", 165],
    ["text", "success", "The task is done.", 165],
    ["write", "success", "The tool said: File created successfully at: $WORK/made.txt (file stat", 330]
  ],
  codex: [
    ["400", "failed", "fake error 400", null],
    ["401", "failed", "unexpected status 401 Unauthorized: fake error 401, url: http://127.0.", null],
    ["429", "failed", "exceeded retry limit, last status: 429 Too Many Requests", null],
    ["529", "failed", "unexpected status 529 <unknown status code>: fake error 529, url: http", null],
    ["all", "success", "The tool said: Chunk ID: 2f763c", 306],
    ["badflag", "failed", "ended with exit code 2: error: unexpected argument '--no-such-flag' fo", null],
    ["bash", "success", "The tool said: Chunk ID: 502cb9", 306],
    ["block", "failed", "stream disconnected before completion: Incomplete response returned, r", null],
    ["cut", "failed", "stream disconnected before completion: error sending request", null],
    ["denied-bash", "blocked", "command: /bin/bash -lc 'pwd; id -un; echo made > made-by-bash.txt; ls ", 306],
    ["denied-patch", "blocked", "edit. Allow it with --sandbox workspace-write in wake_command; it then", 306],
    ["denied-write", "blocked", "command: /bin/bash -lc \"printf '%s' 'made by the agent' > '$WORK/made.", 306],
    ["empty", "failed", "Codex ended its turn without a word", 153],
    ["loop", "failed", "was ended by SIGTERM", null],
    ["maxtokens", "failed", "Incomplete response returned, reason: max_output_tokens", null],
    ["mcp-denied", "blocked", "agentcom echo: {\"text\":\"hello\"}. Allow it with --sandbox workspace-wri", 306],
    ["missing-folder", "failed", "ended with exit code 1: Error: No such file or directory (os error 2)", null],
    ["nologin-offline", "failed", "was ended by SIGTERM: Reconnecting... 5/5 (stream disconnected before ", null],
    ["nologin", "failed", "Missing environment variable: `FAKE_KEY`.", null],
    ["none", "failed", "Codex ended its turn without a word", 111],
    ["not-git", "failed", "ended with exit code 1: Not inside a trusted directory and --skip-git-", null],
    ["outside-write", "blocked", "command: /bin/bash -lc \"printf '%s' 'made by the agent' > '$RUN/outsid", 306],
    ["refusal", "failed", "Codex ended its turn without a word", 153],
    ["resume-unknown", "failed", "ended with exit code 1: Error: thread/resume: thread/resume failed: no", null],
    ["sandboxed", "blocked", "command: /bin/bash -lc 'pwd; id -un; echo made > made-by-bash.txt; ls ", 306],
    ["text", "success", "The task is done.", 153],
    ["write-patch", "success", "The tool said: Wall time: 0.0000 seconds", 306],
    ["write", "success", "The tool said: Chunk ID: b77cfd", 306]
  ],
  copilot: [
    ["400", "failed", "400 fake error 400", null],
    ["401", "failed", "Authentication failed with provider at http://127.0.0.1:5731/v1 (HTTP ", null],
    ["429", "failed", "Failed to get response from the AI model; retried 5 times (total retry", null],
    ["529", "failed", "Failed to get response from the AI model; retried 5 times (total retry", null],
    ["badflag", "failed", "ended with exit code 1: error: unexpected argument '--no-such-flag' fo", null],
    ["bash", "success", "The tool said: $WORK", null],
    ["cut", "failed", "Failed to get response from the AI model; retried 5 times (total retry", null],
    [
      "denied-bash-deny-tool",
      "blocked",
      "bash: pwd; id -un; echo made > made-by-bash.txt; ls made-by-bash.txt; ",
      null
    ],
    ["denied-bash", "blocked", "bash: pwd; id -un; echo made > made-by-bash.txt; ls made-by-bash.txt; ", null],
    ["denied-write-noask", "blocked", "create: $WORK/made.txt. Allow it with --allow-tool write (edits) or --", null],
    ["denied-write", "blocked", "create: $WORK/made.txt. Allow it with --allow-tool write (edits) or --", null],
    ["empty", "failed", "No response was returned. Send your message again to retry.", null],
    ["loop", "failed", "was ended by SIGTERM", null],
    ["maxtokens", "success", "This is cut by the lim", null],
    ["missing-folder", "failed", "ended with exit code 1: error: cannot change working directory to '$WO", null],
    ["nologin-offline", "failed", "ended with exit code 1: Offline mode requires a local model provider. ", null],
    ["nologin", "failed", "ended with exit code 1: Error: No authentication information found.", null],
    ["plan-write", "blocked", "create: $WORK/made.txt. Allow it with --allow-tool write (edits) or --", null],
    ["refusal", "success", "I cannot help with that.", null],
    ["resume-unknown", "failed", "ended with exit code 1: Error: No session, task, or name matched '0cb9", null],
    ["text", "success", "The task is done.", null],
    ["write-allow-all-tools", "success", "The tool said: Created file $WORK/made.txt with 17 characters", null],
    ["write", "success", "The tool said: Created file $WORK/made.txt with 17 characters", null]
  ],
  gemini: [
    ["400", "failed", "[API Error: fake error 400]", 153],
    ["401", "failed", "[API Error: fake error 401]", 153],
    ["429", "failed", "ended with exit code 0 and did not tell how the turn of its agent ende", null],
    ["529", "failed", "ended with exit code 0 and did not tell how the turn of its agent ende", null],
    ["badflag", "failed", "ended with exit code 1: Unknown arguments: such-flag, suchFlag", null],
    ["bash", "success", "The tool said: {\"output\":\"<untrusted_context>\\nOutput: $WORK\\nroot\\nma", 459],
    ["cut", "failed", "[API Error: terminated]", 153],
    ["denied-bash-edits", "blocked", "run_shell_command: pwd; id -un; echo made > made-by-bash.txt; ls made-", 459],
    ["denied-bash", "blocked", "run_shell_command: pwd; id -un; echo made > made-by-bash.txt; ls made-", 459],
    ["denied-write-plan", "blocked", "write_file: $WORK/made.txt. Allow it with --approval-mode auto_edit (e", 306],
    ["denied-write", "blocked", "write_file: $WORK/made.txt. Allow it with --approval-mode auto_edit (e", 459],
    ["empty", "failed", "The model returned an empty response with no text or thoughts. This ma", 765],
    ["loop-nolimit", "failed", "Loop detected, stopping execution", 6579],
    ["loop-same", "failed", "Loop detected, stopping execution", 765],
    ["loop", "failed", "Reached max session turns for this session. Increase the number of tur", 612],
    ["maxtokens", "success", "This answer stops in the mid", 306],
    ["mcp-denied", "blocked", "mcp_agentcom_echo: {\"text\":\"hello\"}. Allow it with --approval-mode aut", 459],
    ["nologin", "failed", "ended with exit code 41: Please set an Auth method in your $HOME/.gemi", null],
    ["none", "failed", "The model returned an empty response with no text or thoughts. This ma", 765],
    ["outside-write", "blocked", "write_file: $RUN/outside.txt. Allow it with --approval-mode auto_edit ", 459],
    ["refusal", "success", "I cannot help with that.", 306],
    ["resume-unknown", "failed", "ended with exit code 42: Error resuming session: No previous sessions ", null],
    ["text", "success", "The task is done.", 306],
    ["untrusted", "failed", "ended with exit code 55: Gemini CLI is not running in a trusted direct", null],
    ["write", "success", "The tool said: {\"output\":\"Successfully created and wrote to new file: ", 459]
  ],
  openclaw: [
    ["400 (gateway)", "failed", "LLM request failed: provider rejected the request schema or tool paylo", null],
    ["401 (gateway)", "failed", "⚠️ scripted/scripted request failed (authentication failed, HTTP 401).", null],
    ["after-401 (gateway)", "failed", "Inline API key for provider \"scripted\" is temporarily disabled after a", null],
    ["badflag (gateway)", "failed", "OpenClaw does not recognize option \"--no-such-flag\".", null],
    ["bash (gateway)", "success", "The tool said: $WORK", 306],
    ["denied-bash (gateway)", "blocked", "exec. Allow it in the tool policy of the agent in openclaw.json", 306],
    ["denied-write (gateway)", "blocked", "write. Allow it in the tool policy of the agent in openclaw.json", 306],
    ["empty (gateway)", "failed", "Agent couldn't generate a response.", 306],
    ["gateway-down (gateway)", "failed", "Gateway not reachable at ws://127.0.0.1:5739 (ECONNREFUSED).", null],
    ["maxtokens (gateway)", "failed", "the answer of the model was cut, as it has too many tokens", 153],
    ["refusal (gateway)", "failed", "Provider finish_reason: content_filter", 153],
    ["text (exec)", "success", "The task is done.", 153],
    ["text (gateway)", "success", "The task is done.", 153],
    ["text (local)", "success", "The task is done.", 153],
    ["write (exec)", "success", "The tool said: Successfully wrote 17 bytes to $WORK/made.txt", 306]
  ],
  opencode: [
    ["400", "failed", "fake error 400", null],
    ["401", "failed", "fake error 401", null],
    ["429", "failed", "fake error 429", null],
    ["badflag", "failed", "ended with exit code 1: opencode run [message..]", null],
    ["bash", "success", "The tool said: $WORK", 306],
    ["cut", "failed", "was ended by SIGTERM", null],
    ["denied-bash-ask", "blocked", "bash: pwd; id -un; echo made > made-by-bash.txt; ls made-by-bash.txt; ", 153],
    ["denied-bash-deny", "blocked", "exec. Allow it under \"permission\" in opencode.json, or with the variab", 306],
    ["denied-outside", "blocked", "write: $WORK/../made.txt. Allow it under \"permission\" in opencode.json", 153],
    ["denied-write-ask", "blocked", "write: $WORK/made.txt. Allow it under \"permission\" in opencode.json, o", 153],
    ["denied-write-deny", "blocked", "write. Allow it under \"permission\" in opencode.json, or with the varia", 306],
    ["empty", "failed", "opencode ended its turn without a word", 153],
    ["maxtokens", "failed", "the answer of the model was cut, as it has too many tokens", 153],
    ["missing-folder", "failed", "ended with exit code 1: Error: Failed to change directory to $WORK/not", null],
    ["nologin", "failed", "was ended by SIGTERM", null],
    ["plan-write", "blocked", "write: $WORK/made.txt. Allow it under \"permission\" in opencode.json, o", 306],
    ["refusal", "failed", "The response was blocked by the provider's content filter", 153],
    ["text", "success", "The task is done.", 153],
    ["write", "success", "The tool said: Wrote file successfully.", 306]
  ],
  qwen: [
    ["400", "failed", "[API Error: 400 fake error 400]", null],
    ["401", "failed", "[API Error: 401 fake error 401]", null],
    ["badflag", "failed", "ended with exit code 1: Unknown arguments: such-flag, suchFlag", null],
    ["bash", "success", "The tool said: Command: pwd; id -un; echo made > made-by-bash.txt; ls ", 306],
    ["denied-bash-autoedit", "blocked", "run_shell_command: pwd; id -un; echo made > made-by-bash.txt; ls made-", 306],
    ["denied-bash-default", "blocked", "run_shell_command: pwd; id -un; echo made > made-by-bash.txt; ls made-", 306],
    ["denied-bash", "blocked", "run_shell_command: pwd; id -un; echo made > made-by-bash.txt; ls made-", 306],
    ["denied-write-default", "blocked", "write_file: $WORK/made.txt. Allow it with --approval-mode auto-edit (e", 306],
    ["denied-write-plan", "blocked", "write_file: $WORK/made.txt. Allow it with --approval-mode auto-edit (e", 306],
    ["denied-write", "blocked", "write_file: $WORK/made.txt. Allow it with --approval-mode auto-edit (e", 306],
    ["empty", "failed", "[API Error: Model stream ended with empty response text.]", 765],
    ["loop-maxtoolcalls", "failed", "ended with exit code 55: Run aborted: tool-call budget of 4 exceeded (", null],
    ["loop-unlimited", "failed", "Loop detection halted the run (consecutive_identical_tool_calls: the m", 612],
    ["loop", "failed", "ended with exit code 53: Reached max session turns for this session. I", null],
    ["maxtokens", "success", "This is cut by the limThis is cut by the limThis is cut by the limThis", 1530],
    ["missing-folder", "success", "The task is done.", 306],
    ["nologin", "failed", "No auth type is selected. Please configure an auth type (e.g. via sett", null],
    ["refusal", "success", "I cannot help with that.", 306],
    ["text", "success", "The task is done.", 306],
    ["write", "success", "The tool said: Successfully created and wrote to new file: $WORK/made.", 306]
  ]
}

/** A file is made only where the verdict is a success; where it was wanted and not made, the verdict is none. */
const madeBy = (verdict: Verdict): boolean => verdict === "success"

describe("the verdict on a turn, by what its program printed", () => {
  for (const [name, rows] of Object.entries(verdicts)) {
    const runs = recordedOf(name)

    test(`of ${name}: each recorded run has a row`, () => {
      expect(rows.map(([scenario]) => scenario)).toEqual(runs.map(({ scenario }) => scenario))
    })

    test.each(rows)(`of ${name}: %s → %s`, (scenario, verdict, says, tokens) => {
      const run = runs.find((one) => one.scenario === scenario)
      if (run === undefined) throw new Error(`there is no recording ${scenario}`)
      const { answer } = judged(name, run)
      const reason = String(answer["reason"] ?? answer["output"])
      expect(answer["status"]).toBe(verdict === "success" ? "success" : "failed")
      expect(reason.startsWith("blocked: ")).toBe(verdict === "blocked")
      expect(reason).toContain(says)
      expect(reason.length).toBeLessThan(2_500)
      if (tokens !== null) expect(answer["tokens_used"]).toBe(tokens)
      if (run.made !== null) expect(run.made).toBe(madeBy(verdict))
      for (const line of run.prompt.split("\n").filter((text) => text.length > 12)) expect(reason).not.toContain(line)
    })
  }

  test("names what to change, where something was denied", () => {
    for (const [name, rows] of Object.entries(verdicts)) {
      const denied = recordedOf(name).filter(({ scenario }) =>
        rows.some(([one, verdict]) => one === scenario && verdict === "blocked")
      )
      for (const run of denied) expect(judged(name, run).answer["reason"]).toMatch(/\. Allow it (?:with|under|in) /)
    }
  })

  const denied = (scenario: string) => {
    const run = recordedOf("claude").find((one) => one.scenario === scenario)
    if (run === undefined) throw new Error(`there is no recording ${scenario}`)
    return run
  }

  test("is a success where only what the prompt names beside the work was denied", () => {
    const run = denied("denied-write")
    expect(judged("claude", run, { beside_work: ["/somewhere/else"] }).answer["status"]).toBe("failed")
    expect(judged("claude", run, { beside_work: ["$WORK/made.txt"] }).answer["status"]).toBe("success")
  })

  test("of messages takes neither denials nor silence as a failure", () => {
    for (const scenario of ["denied-write", "denied-bash", "empty"]) {
      expect(judged("claude", denied(scenario), { kind: "messages" }).answer["status"]).toBe("success")
    }
    expect(judged("claude", denied("nologin"), { kind: "messages" }).answer["status"]).toBe("failed")
  })

  test("names at most five of many denials", () => {
    const run = denied("denied-write")
    const [first = "", ...rest] = run.stdout.split("\n")
    const calls = Array.from({ length: 9 }, (_, n) => ({ type: "tool_use", id: `t${n}`, name: `Tool${n}`, input: {} }))
    const results = calls.map(({ id }) => ({ type: "tool_result", tool_use_id: id, is_error: true, content: "no" }))
    const end = JSON.parse(rest.findLast((line) => line.includes(`"type":"result"`)) ?? "{}")
    const printed = [
      first,
      JSON.stringify({ type: "assistant", message: { content: calls } }),
      JSON.stringify({ type: "user", message: { content: results } }),
      JSON.stringify({ ...end, permission_denials: calls.map(({ id }) => ({ tool_use_id: id })) })
    ]
    const { answer } = judged("claude", { ...run, stdout: printed.join("\n") })
    expect(answer["reason"]).toContain("was not allowed Tool0; Tool1; Tool2; Tool3; Tool4 and 4 more. Allow it")
  })

  const claudeSays = (...objects: ReadonlyArray<object>) => {
    const stdout = objects.map((object) => JSON.stringify(object)).join("\n")
    return judged("claude", { ...denied("denied-write"), stdout }).answer
  }

  test("is a failure where a subagent was denied, which only the end of the turn names", () => {
    const call = { type: "tool_use", id: "t1", name: "Write", input: { file_path: "/w/a.ts" } }
    const result = { type: "tool_result", tool_use_id: "t1", is_error: true, content: "no" }
    const by = { parent_tool_use_id: "task-1" }
    const answer = claudeSays(
      { type: "assistant", message: { content: [{ type: "text", text: "I let another do it." }] } },
      { type: "assistant", ...by, message: { content: [{ type: "text", text: "not mine to say" }, call] } },
      { type: "user", ...by, message: { content: [result] } },
      { type: "result", subtype: "success", result: "All is done.", permission_denials: [{ tool_use_id: "t1" }] }
    )
    expect(answer["reason"]).toContain("blocked: Claude Code was not allowed Write: /w/a.ts")
  })

  test("is a failure where the program says so without a reason, or with words of the prompt only", () => {
    const end = { type: "result", subtype: "success", is_error: true, result: "" }
    expect(claudeSays({ ...end, subtype: "" })).toMatchObject({
      status: "failed",
      reason: "Claude Code says that the turn failed, and not why"
    })
    const run = { ...denied("text"), prompt: "do the task that is described here", exit_code: 0 }
    const stdout = JSON.stringify({ ...end, result: run.prompt })
    expect(judged("claude", { ...run, stdout }).answer["status"]).toBe("failed")
  })
})
