-- What DuckDB 2.0 writes of five pictures of 3×2 pixels, 0.png (black) to 4.png (of grey level 4), each run in their folder
CREATE TABLE pictures AS SELECT {'bytes': content, 'path': filename} AS image, i % 3 AS label
    FROM (SELECT *, row_number() OVER (ORDER BY filename) - 1 AS i FROM read_blob('*.png')) ORDER BY i;
COPY (SELECT * FROM pictures LIMIT 3) TO 'test-00000-of-00002.parquet' (FORMAT parquet, KV_METADATA {huggingface:
    '{"info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog", "fox"], "_type": "ClassLabel"}}}}'});
COPY (SELECT * FROM pictures OFFSET 3) TO 'test-00001-of-00002.parquet' (FORMAT parquet, KV_METADATA {huggingface:
    '{"info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog", "fox"], "_type": "ClassLabel"}}}}'});
COPY pictures TO 'zstd.parquet' (FORMAT parquet, COMPRESSION zstd);
COPY pictures TO 'gzip.parquet' (FORMAT parquet, COMPRESSION gzip);
COPY pictures TO 'lz4.parquet' (FORMAT parquet, COMPRESSION lz4_raw);
COPY pictures TO 'uncompressed.parquet' (FORMAT parquet, COMPRESSION uncompressed);
COPY pictures TO 'version2.parquet' (FORMAT parquet, PARQUET_VERSION v2);
COPY pictures TO 'brotli.parquet' (FORMAT parquet, COMPRESSION brotli);
-- Three row groups of 2048 rows and fewer, under the columns' names in CIFAR-100
COPY (SELECT image AS img, label AS fine_label, 0::BIGINT AS coarse_label FROM pictures, range(1000) r(n) ORDER BY n, image.path)
    TO 'groups.parquet' (FORMAT parquet, ROW_GROUP_SIZE 2048, KV_METADATA {huggingface:
    '{"info": {"features": {"img": {"_type": "Image"}, "fine_label": {"names": ["cat", "dog", "fox"], "_type": "ClassLabel"}, "coarse_label": {"names": ["all"], "_type": "ClassLabel"}}}}'});
COPY (SELECT image, label + 1 AS label FROM pictures) TO 'beyond.parquet' (FORMAT parquet, KV_METADATA {huggingface:
    '{"info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog", "fox"], "_type": "ClassLabel"}}}}'});
COPY (SELECT {'bytes': NULL::BLOB, 'path': 'a.png'} AS image, 0::BIGINT AS label) TO 'path.parquet' (FORMAT parquet);
COPY (SELECT {'bytes': 'x'::BLOB, 'path': 'a.png'} AS image, NULL::BIGINT AS label) TO 'null.parquet' (FORMAT parquet);
COPY (SELECT 'text' AS text, 0::BIGINT AS label) TO 'text.parquet' (FORMAT parquet);
COPY (SELECT image, 'cat' AS label FROM pictures) TO 'names.parquet' (FORMAT parquet);
COPY (SELECT * FROM pictures LIMIT 0) TO 'none.parquet' (FORMAT parquet);
