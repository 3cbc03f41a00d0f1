// Imported by files whose containers must be, at the end of each case, what was applied: `diff --applied` is empty for all
// that still run. VELOCI_DRIFT=1 asks for the same in every file, where cases that change a container on purpose then fail.
process.env['VELOCI_DRIFT'] = '1';
