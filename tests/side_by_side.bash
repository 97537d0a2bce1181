# side_by_side FUNCTION...: runs them at once, shows what each said, and ends with the sum of what
# they passed and failed, as a runner does. For runners to source.
side_by_side() {
  local folder function pids=() status=0
  folder=$(mktemp -d)
  trap 'rm -rf "'"$folder"'"' EXIT
  for function in "$@"; do
    "$function" >"$folder/$function" 2>&1 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || status=1; done
  cat "${@/#/$folder/}"
  awk -v status="$status" '
    /^[0-9]+ passed, [0-9]+ failed, 0 skipped$/ { passed += $1; failed += $3 }
    END {
      if (status && !failed) failed = 1  # one died without a word
      print passed + 0 " passed, " failed + 0 " failed, 0 skipped"
      exit failed > 0
    }' "${@/#/$folder/}"
}
