use super::*;

fn plan(paths: &[&str]) -> LayerBuilder {
    let mut builder = LayerBuilder::new();
    for path in paths {
        builder.file(path, path.as_bytes().to_vec(), path.ends_with("start"));
    }
    builder
}

#[test]
fn the_order_of_files_does_not_matter_and_their_content_does() {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let layer = |paths: &[&str]| plan(paths).finish_with("test", compression).unwrap();
        let first = layer(&["/ep/bin/start", "/ep/lib/a.jar"]);
        assert_eq!(layer(&["/ep/lib/a.jar", "/ep/bin/start"]), first);
        assert_ne!(layer(&["/ep/lib/b.jar", "/ep/bin/start"]).digest, first.digest);
        assert_eq!(first.digest, Digest::of(&first.data.bytes().unwrap()));
    }
}

#[test]
fn the_archive_is_the_same_whatever_compresses_it() {
    let layer = |compression| plan(&["/ep/bin/start"]).finish_with("test", compression).unwrap();
    let (gzip, zstd) = (layer(Compression::Gzip), layer(Compression::Zstd));
    assert_eq!(gzip.diff_id, zstd.diff_id);
    let tar = std::io::read_to_string(flate2::read::GzDecoder::new(gzip.data.reader())).unwrap();
    assert_eq!(Digest::of(tar.as_bytes()), gzip.diff_id);
    let unpacked = zstd::decode_all(zstd.data.reader()).unwrap();
    assert_eq!(Digest::of(&unpacked), zstd.diff_id);
}

#[test]
fn layers_are_the_same_from_any_number_of_threads() {
    let plans = || -> Vec<_> {
        let paths = ["/a", "/b", "/c", "/d", "/e"];
        paths.iter().map(|path| ((*path).to_owned(), plan(&[path]))).collect()
    };
    let threads = |count| NonZeroUsize::new(count).unwrap();
    let write = |count| write_layers(plans(), Compression::Zstd, threads(count), None);
    let one = write(1).unwrap();
    assert_eq!(one, write(4).unwrap());
    let titles: Vec<&str> = one.iter().map(|layer| layer.title.as_str()).collect();
    assert_eq!(titles, ["/a", "/b", "/c", "/d", "/e"]);
}

#[derive(Default)]
struct Cache(std::sync::Mutex<BTreeMap<String, KnownLayer>>);

impl LayerCache for Cache {
    fn layer(&self, key: &Digest) -> Option<KnownLayer> {
        self.0.lock().unwrap().get(key.as_str()).cloned()
    }

    fn keep_layer(&self, key: &Digest, layer: &KnownLayer) {
        self.0.lock().unwrap().insert(key.to_string(), layer.clone());
    }
}

#[test]
fn a_known_layer_is_written_only_when_it_is_read_and_must_be_what_is_known() {
    let cache = Cache::default();
    let write = |paths: &[&str]| {
        let plans = vec![("x".to_owned(), plan(paths))];
        let threads = NonZeroUsize::MIN;
        write_layers(plans, Compression::Zstd, threads, Some(&cache)).unwrap().remove(0)
    };
    let first = write(&["/a"]);
    let known = write(&["/a"]);
    assert_eq!(known, first);
    assert!(matches!(known.data, Data::Later(_)), "{:?}", known.data);
    assert_eq!(known.data.bytes().unwrap(), first.data.bytes().unwrap());
    assert!(!matches!(write(&["/b"]).data, Data::Later(_)), "another file is another layer");
    let gzip = plan(&["/a"]).key(Compression::Gzip);
    assert_ne!(gzip, plan(&["/a"]).key(Compression::Zstd));

    let lies = KnownLayer {
        digest: Digest::of(b"else"),
        ..cache.0.lock().unwrap().values().next().unwrap().clone()
    };
    cache.0.lock().unwrap().values_mut().for_each(|known| *known = lies.clone());
    let error = write(&["/a"]).data.bytes().unwrap_err().to_string();
    assert!(error.contains("empty the cache"), "{error}");
}

#[test]
fn folders_come_before_what_is_in_them() {
    let layer = plan(&["/ep/bin/start"]).finish("test").unwrap();
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(layer.data.reader()));
    let entries: Vec<(String, u32, u64)> = tar
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            (path, header.mode().unwrap(), header.mtime().unwrap())
        })
        .collect();
    assert_eq!(
        entries,
        [
            ("ep/".to_owned(), 0o755, 0),
            ("ep/bin/".to_owned(), 0o755, 0),
            ("ep/bin/start".to_owned(), 0o755, 0)
        ]
    );
}
