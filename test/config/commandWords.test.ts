import { assert, describe, it } from "@effect/vitest"
import { quotingProblem, wordProblem } from "../../src/config/wakeCommand.ts"

const known = "there are {prompt}, {task_id}, {task_file}, {prompt_file}, {results_dir}, {messages_file}, {outbox_dir}"

describe("a word of a wake command that stands for nothing", () => {
  const wrong: ReadonlyArray<readonly [command: string | ReadonlyArray<string>, problem: string]> = [
    [["agent", "{promt}"], "has no placeholder {promt}: did you mean {prompt}?"],
    [["agent", "--text={promp}"], "has no placeholder {promp}: did you mean {prompt}?"],
    [["agent", "read {taskfile} now"], "has no placeholder {taskfile}: did you mean {task_file}?"],
    [["agent", "{PROMPT}"], "has no placeholder {PROMPT}: did you mean {prompt}?"],
    ["agentcom-sidecar exec -- agent {promt}", "has no placeholder {promt}: did you mean {prompt}?"],
    [
      ["agent", "{description}"],
      `has no placeholder {description}: ${known}`
    ],
    [["agent", "${TASK_FIEL}"], "has no variable ${TASK_FIEL}: did you mean ${TASK_FILE}?"],
    ["agent \"$TASK_DESCRIPTON\"", "has no variable ${TASK_DESCRIPTON}: did you mean ${TASK_DESCRIPTION}?"],
    [["agent", "{batch_id}"], `has no placeholder {batch_id}: ${known}`],
    [["agent", "${MESSAGE_FILE}"], "has no variable ${MESSAGE_FILE}: did you mean ${MESSAGES_FILE}?"],
    ["agent \"$RESULT_DIR\"", "has no variable ${RESULT_DIR}: did you mean ${RESULTS_DIR}?"]
  ]
  it.each(wrong)("is told: %s", (command, problem) => {
    assert.equal(wordProblem(command), problem)
  })

  const right: ReadonlyArray<string | ReadonlyArray<string>> = [
    ["agent", "{prompt}", "--file={prompt_file}", "{task_id}", "${TASK_ID}", "${RESULTS_DIR}"],
    ["find", ".", "-exec", "cat", "{}", "+"],
    ["agent", "{\"model\": \"x\"}", "a{b}c"],
    ["agent", "${TASK_TIMEOUT}", "${HOME}"],
    "agent --json '{\"a\": {b}}' \"$TASK_ID\" \"$TASK_JSON\" $TASKS"
  ]
  it.each(right.map((command) => [command]))("is nothing else: %s", (command) => {
    assert.isUndefined(wordProblem(command))
  })
})

describe("a variable in single quotes, which the shell does not replace,", () => {
  it.each([
    ["agent '${TASK_DESCRIPTION}'", "TASK_DESCRIPTION"],
    ["agent --message 'do: $TASK_JSON'", "TASK_JSON"],
    ["agent \"it's\" '$RESULTS_DIR/x'", "RESULTS_DIR"]
  ])("is told: %s", (line, name) => {
    assert.equal(
      quotingProblem(line),
      `must not have \${${name}} in single quotes, where the shell does not replace it: use double quotes`
    )
  })

  it.each([
    "agent \"${TASK_DESCRIPTION}\"",
    "agent \"it's $TASK_ID, isn't it\"",
    "bash -lc 'agent \"$TASK_FILE\"'",
    "perl -e 'print $TASK_ID'",
    "envsubst '${TASK_ID}' < template | agent",
    "agent 'plain words' \\'$TASK_ID\\'"
  ])("is not where a program of its own replaces it: %s", (line) => {
    assert.isUndefined(quotingProblem(line))
  })
})
