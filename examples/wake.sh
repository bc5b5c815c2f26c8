#!/bin/sh
# For an agent whose command is the whole run and that writes no files: confirms, runs it, turns its end into the answer.
# Put the agent's own command in the place of `claude -p`; it reads the task's text from the environment, never as shell text.
result="$RESULTS_DIR/$TASK_ID"
: > "$result.started"
output=$(claude -p "$TASK_DESCRIPTION")
code=$?
CODE=$code OUTPUT=$output node -e '
  const { CODE, OUTPUT } = process.env
  const failed = { status: "failed", reason: `exit code ${CODE}: ${OUTPUT.slice(-1000)}` }
  process.stdout.write(JSON.stringify(CODE === "0" ? { status: "success", output: OUTPUT } : failed))
' > "$result.json.tmp"
mv "$result.json.tmp" "$result.json"
