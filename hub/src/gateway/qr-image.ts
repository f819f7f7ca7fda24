import { crc32, deflateSync } from "node:zlib";
import { encode } from "uqr";

const SCALE = 4;
/** Readers need four modules of white around the code. */
const BORDER = 4;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A QR code of the text as a black and white PNG in a data URL. */
export function qrDataUrl(text: string): string {
  const { data, size } = encode(text, { ecc: "L", border: BORDER });
  const width = size * SCALE;
  const lines = data.flatMap((row) => {
    const line = scanline(row, width);
    return Array.from({ length: SCALE }, () => line);
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(width, 4);
  // One bit for each pixel, grey; no filter beyond none, no interlace.
  header[8] = 1;
  const png = Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(lines))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return `data:image/png;base64,${png.toString("base64")}`;
}

/** A filter byte, then eight pixels in a byte, first pixel highest; 1 is white. */
function scanline(row: readonly boolean[], width: number): Buffer {
  const line = Buffer.alloc(1 + Math.ceil(width / 8));
  for (let x = 0; x < width; x++) {
    if (!row[Math.floor(x / SCALE)]) line[1 + (x >> 3)] = (line[1 + (x >> 3)] ?? 0) | (0x80 >> (x & 7));
  }
  return line;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
