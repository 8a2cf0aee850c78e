"""Downloads: mirror first, resumed after a break, verified, atomic, and a clear sentence when nothing helps."""

import hashlib

import pytest

from zsaudio import ZsAudioError
from zsaudio.storage.downloads import fetch

CONTENT = bytes(range(256)) * 40_000  # 10 MB: several chunks


@pytest.fixture
def site(tmp_path, serve):
    folder = tmp_path / "site"
    (folder / "set").mkdir(parents=True)
    (folder / "set" / "file.bin").write_bytes(CONTENT)
    return serve(folder)


def cut_download(site, downloads, size: int) -> str:
    """Fetch the file over a connection that breaks after `size` bytes, and works again afterwards: its address."""
    url = f"{site.url}/set/file.bin"
    site.cuts = {"file.bin": size}
    with pytest.raises(ZsAudioError, match=r"the connection broke; the next run resumes after [\d,]+ bytes"):
        fetch(url, downloads, attempts=1)
    site.cuts = {}
    return url


def test_a_cut_download_is_resumed_by_the_next_run(site, tmp_path):
    downloads = tmp_path / "downloads"
    url = cut_download(site, downloads, len(CONTENT) // 2)
    assert not (downloads / "file.bin").exists()
    part = (downloads / "file.bin.part").stat().st_size
    assert 0 < part <= len(CONTENT) // 2

    path = fetch(url, downloads)
    assert path.read_bytes() == CONTENT
    assert site.ranges == [None, f"bytes={part}-"]
    assert [path.name for path in downloads.iterdir()] == ["file.bin"]


def test_a_cut_download_is_resumed_within_a_run(site, tmp_path):
    site.cuts = {"file.bin": 4_000_000}  # three answers make 10 MB
    assert fetch(f"{site.url}/set/file.bin", tmp_path).read_bytes() == CONTENT


def test_a_file_that_has_changed_is_fetched_from_its_start(site, tmp_path):
    url = cut_download(site, tmp_path / "downloads", 3_000_000)
    changed = CONTENT[::-1]
    (tmp_path / "site" / "set" / "file.bin").write_bytes(changed)
    assert fetch(url, tmp_path / "downloads").read_bytes() == changed


def test_a_part_longer_than_the_file_is_thrown_away(site, tmp_path):
    url = cut_download(site, tmp_path / "downloads", 3_000_000)
    with (tmp_path / "downloads" / "file.bin.part").open("ab") as part:
        part.write(CONTENT)
    assert fetch(url, tmp_path / "downloads").read_bytes() == CONTENT


def test_a_server_without_ranges_sends_all_again(site, tmp_path):
    site.supports_ranges = False
    url = cut_download(site, tmp_path, 3_000_000)
    assert fetch(url, tmp_path).read_bytes() == CONTENT


def test_a_downloaded_file_is_not_fetched_again(site, tmp_path):
    for _ in range(2):
        fetch(f"{site.url}/set/file.bin", tmp_path / "downloads")
    assert len(site.ranges) == 1


def test_files_of_a_mirror_folder_are_used_where_they_are(tmp_path):
    mirrored = tmp_path / "mirror" / "host" / "path" / "file.bin"
    mirrored.parent.mkdir(parents=True)
    mirrored.write_bytes(b"content")
    path = fetch("https://host/path/file.bin", tmp_path / "downloads", mirror=str(tmp_path / "mirror"))
    assert path == mirrored
    assert not (tmp_path / "downloads").exists()


def test_a_mirror_by_url_is_asked_before_the_public_address(site, tmp_path):
    path = fetch("http://set/file.bin", tmp_path / "downloads", mirror=f"{site.url}/")
    assert path.read_bytes() == CONTENT


def test_a_wrong_checksum_is_refused(site, tmp_path):
    with pytest.raises(
        ZsAudioError, match=r"file\.bin: its sha256 is \w+, not 00: delete the file to download it again"
    ):
        fetch(f"{site.url}/set/file.bin", tmp_path, checksum="00")
    good = hashlib.sha256(CONTENT).hexdigest()
    assert fetch(f"{site.url}/set/file.bin", tmp_path, checksum=good).read_bytes() == CONTENT


@pytest.mark.parametrize("announces", [True, False])
def test_a_file_of_more_bytes_than_are_expected_is_not_kept(site, tmp_path, announces):
    """A server that sends without end would fill the disk."""
    site.announces = announces
    url, downloads = f"{site.url}/set/file.bin", tmp_path / "downloads"
    with pytest.raises(ZsAudioError, match=r"file\.bin could not be downloaded; .+ more than the 5,000,000 "):
        fetch(url, downloads, most=5_000_000)
    assert list(downloads.iterdir()) == []
    assert fetch(url, downloads, most=len(CONTENT)).read_bytes() == CONTENT


def test_offline_and_not_mirrored_says_what_was_tried(tmp_path, serve):
    server = serve(tmp_path)
    url = f"{server.url}/none.bin"
    server.close()
    with pytest.raises(ZsAudioError) as caught:
        fetch(url, tmp_path, mirror=str(tmp_path / "mirror"), attempts=1)
    message = str(caught.value)
    assert "none.bin could not be downloaded; tried" in message
    assert str(tmp_path / "mirror") in message
    assert f"{url} (no connection)" in message
    assert "Set AUDIOSET_MIRROR to a folder or base URL that has it at HOST/PATH." in message


def test_a_missing_file_is_named_with_the_servers_answer(site, tmp_path):
    with pytest.raises(ZsAudioError, match="the server answered 404"):
        fetch(f"{site.url}/set/other.bin", tmp_path)
