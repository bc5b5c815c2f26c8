#!/bin/sh
# For an agent whose command is the whole run and that writes no files: confirms, runs it, turns its end into the answer.
# Copy it into the agent's folder and put the agent's own command in the place of `claude -p`. Not run with a real one.
# The task's text reaches the command on its standard input: no length and no leading dash can change what it means.
result="$RESULTS_DIR/$TASK_ID"
: > "$result.started"
node -p 'JSON.parse(require("fs").readFileSync(process.env.TASK_FILE, "utf8")).description' \
  | claude -p > "$result.output"
CODE=$? node -e '
  const { CODE, RESULTS_DIR, TASK_ID } = process.env
  const output = require("fs").readFileSync(`${RESULTS_DIR}/${TASK_ID}.output`, "utf8")
  const failed = { status: "failed", reason: `exit code ${CODE}: ${output.slice(-1000)}` }
  process.stdout.write(JSON.stringify(CODE === "0" ? { status: "success", output } : failed))
' > "$result.json.tmp"
rm "$result.output"
mv "$result.json.tmp" "$result.json"
