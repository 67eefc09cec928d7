import { deflateRawSync } from 'node:zlib';

/** A zip as pip's wheels are: entries stored or deflated, directory at the end. */
export function zipFile(entries: { name: string; data: Buffer; deflate: boolean }[], comment = ''): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, data, deflate } of entries) {
    const packed = deflate ? deflateRawSync(data) : data;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(deflate ? 8 : 0, 4);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    // the local header may carry an extra field that the directory has not
    const extra = Buffer.from([0x55, 0x54, 0, 0]);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), extra, packed]);
    local.writeUInt16LE(extra.length, 28);
    const central = Buffer.alloc(46);
    central.write('PK\x01\x02', 'latin1');
    fields.copy(central, 6);
    central.writeUInt32LE(at, 42);
    directory.push(central, Buffer.from(name));
    files.push(local);
    at += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...files, listing, end, Buffer.from(comment)]);
}
