#!/bin/sh
# An agent that writes its files by itself. Copy it beside config.json, make it executable, and set in config.json
#   "wake_command": ["./wake.sh"], "wake_command_blocks": true
# The task's text is in TASK_FILE (as JSON) and in TASK_PROMPT_FILE. It is data: never make it part of a command.
set -eu
result="$RESULTS_DIR/$TASK_ID"
[ ! -e "$result.json" ] || exit 0
: > "$result.started"

# Replace the following lines with the work.
bytes=$(wc -c < "$TASK_FILE")
echo 50 > "$result.progress"

printf '{"status": "success", "output": "a task of %d bytes"}' "$bytes" > "$result.json.tmp"
mv "$result.json.tmp" "$result.json"
