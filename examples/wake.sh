#!/bin/sh
# An agent that writes its files by itself. Copy it beside config.json, make it executable, and write there
#   "wake_command": ["./wake.sh"], "wake_command_blocks": true
# The task's text is in TASK_FILE (as JSON) and TASK_PROMPT_FILE: it is data, never part of a command.
set -eu
result="$RESULTS_DIR/$TASK_ID"
[ ! -e "$result.json" ] || exit 0
: > "$result.started"

# In place of the following line, the work.
bytes=$(wc -c < "$TASK_FILE")
echo 50 > "$result.progress"

printf '{"status": "success", "output": "a task of %d bytes"}' "$bytes" > "$result.json.tmp"
mv "$result.json.tmp" "$result.json"
