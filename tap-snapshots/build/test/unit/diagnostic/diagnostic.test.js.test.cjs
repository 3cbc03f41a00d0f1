/* IMPORTANT
 * This snapshot file is auto-generated, but designed for humans.
 * It should be checked into source control and tracked carefully.
 * Re-generate by setting TAP_SNAPSHOT=1 and running tests.
 * Make sure to inspect the output below.  Do not ignore changes!
 */
'use strict'
exports[`build/test/unit/diagnostic/diagnostic.test.js > TAP > the long form > must match snapshot 1`] = `
error E0412: unknown mount option "nosiud"
  --> config.json:2:13 (/mounts/0)
  |
2 |  "mounts": ["nosiud"]
  |             ^^^^^^^^
  help: the nearest known name is "nosuid"
`

exports[`build/test/unit/diagnostic/diagnostic.test.js > TAP > the long form > must match snapshot 2`] = `
<1>error E0412<6>: <14>unknown mount option "nosiud"
  <3>--><6> config.json:2:13 (/mounts/0)
  <3>|<6>
<3>2 |<6>  "mounts": ["nosiud"]
  <3>|<6> <1>            ^^^^^^^^<6>
  <4>help<6>: <14>the nearest known name is "nosuid"
`

exports[`build/test/unit/diagnostic/diagnostic.test.js > TAP > the long form > must match snapshot 3`] = `
error E0412: unknown mount option "nosiud"
  --> config.json:2:13 (/mounts/0)
  help: the nearest known name is "nosuid"
`

exports[`build/test/unit/diagnostic/diagnostic.test.js > TAP > the long form > must match snapshot 4`] = `
error E0301: x must be a text, not a number
  --> config.json:1:5018 (/mounts/0)
  |
1 | ... xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", " ]0;bad ", 7]
  |                                                       ^
`

exports[`build/test/unit/diagnostic/diagnostic.test.js > TAP > the long form > must match snapshot 5`] = `
error E0210: invalid UTF-8 at byte 3
  --> config.json
  help: save the file as UTF-8
`
