/** Blocks that a decoder must refuse, by section of RFC 7541: each is a COMPRESSION_ERROR. */
import { hex } from "./wire.ts";

export interface BlockRow {
  readonly rule: string;
  readonly block: Uint8Array;
}

export const faultyBlocks: readonly BlockRow[] = [
  { rule: "2.3.3 an index beyond the table", block: hex("be") },
  { rule: "2.3.3 a name index beyond the table", block: hex("7f 00 01 61") },
  { rule: "4.2 a size update after a field", block: hex("82 20") },
  { rule: "5.1 an integer that is cut off", block: hex("ff") },
  { rule: "5.1 an integer that never ends", block: hex("ff 80 80 80 80 80 80 80 80 80 00") },
  { rule: "5.1 an integer above 2^28", block: hex("ff ff ff ff ff 7f") },
  { rule: "5.2 a string that is cut off", block: hex("00 01 61 05 61") },
  { rule: "5.2 a string without a length", block: hex("00 01 61") },
  { rule: "5.2 padding of 8 bits", block: hex("00 82 1f ff 01 61") },
  { rule: "5.2 padding of zeros", block: hex("00 81 18 01 61") },
  { rule: "5.2 the code of EOS", block: hex("00 84 ff ff ff ff 01 61") },
  { rule: "5.2 EOS after a symbol", block: hex("00 85 1f ff ff ff ff 01 61") },
  { rule: "6.1 index 0", block: hex("80") },
  { rule: "6.3 a size above the setting", block: hex("3f e2 1f") },
];

/** The examples of RFC 7541 appendix C: blocks of one connection, with their fields and table size. */
export interface Example {
  readonly section: string;
  readonly tableBytesMax: number;
  readonly steps: readonly (readonly [block: string, fields: string, tableSize: number])[];
}

const firstRequest = ":method: GET|:scheme: http|:path: /|:authority: www.example.com";
const secondRequest = `${firstRequest}|cache-control: no-cache`;
const thirdRequest =
  ":method: GET|:scheme: https|:path: /index.html|:authority: www.example.com|custom-key: custom-value";
const date = "date: Mon, 21 Oct 2013 20:13:2";
const location = "location: https://www.example.com";
const firstResponse = `:status: 302|cache-control: private|${date}1 GMT|${location}`;
const secondResponse = `:status: 307|cache-control: private|${date}1 GMT|${location}`;
const thirdResponse = `:status: 200|cache-control: private|${date}2 GMT|${location}|` +
  "content-encoding: gzip|set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";

export const examples: readonly Example[] = [
  {
    section: "C.2.1",
    tableBytesMax: 4096,
    steps: [[
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      "custom-key: custom-header",
      55,
    ]],
  },
  {
    section: "C.2.2",
    tableBytesMax: 4096,
    steps: [["040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path", 0]],
  },
  {
    section: "C.2.3",
    tableBytesMax: 4096,
    steps: [["1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret", 0]],
  },
  { section: "C.2.4", tableBytesMax: 4096, steps: [["82", ":method: GET", 0]] },
  {
    section: "C.3",
    tableBytesMax: 4096,
    steps: [
      ["8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", firstRequest, 57],
      ["8286 84be 5808 6e6f 2d63 6163 6865", secondRequest, 110],
      [
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        thirdRequest,
        164,
      ],
    ],
  },
  {
    section: "C.4",
    tableBytesMax: 4096,
    steps: [
      ["8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", firstRequest, 57],
      ["8286 84be 5886 a8eb 1064 9cbf", secondRequest, 110],
      ["8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", thirdRequest, 164],
    ],
  },
  {
    section: "C.5",
    tableBytesMax: 256,
    steps: [
      [
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
        2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
        6c65 2e63 6f6d`,
        firstResponse,
        222,
      ],
      ["4803 3330 37c1 c0bf", secondResponse, 222],
      [
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
        54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
        5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
        3d31`,
        thirdResponse,
        215,
      ],
    ],
  },
  {
    section: "C.6",
    tableBytesMax: 256,
    steps: [
      [
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
        2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        firstResponse,
        222,
      ],
      ["4883 640e ffc1 c0bf", secondResponse, 222],
      [
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
        77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
        9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
        thirdResponse,
        215,
      ],
    ],
  },
];
