"""Pictures drawn anew, pictures that take too long, the gallery, and archives."""

import io
import zipfile
from pathlib import Path
from typing import Any

import requests
from sandbox_api import RED, Api

from sandbox import running

SMALL = {**RED, "options": {"size": "1K"}}
HOUR = {"drafts_median_seconds": 3600, "drafts_spread_seconds": 0}


def finished(api: Api, variations: int = 1, **fields: Any) -> str:
    return api.create({**SMALL, "num_variations": variations}, **fields).json()["job_id"]


def results(api: Api, job_id: str) -> list[dict[str, Any]]:
    return api.get(f"/jobs/{job_id}/results").json()["results"]


def test_a_regenerated_picture_is_the_latest_version_and_the_original_is_kept(api: Api) -> None:
    job_id = finished(api, 2)
    before = results(api, job_id)
    answer = api.post(f"/jobs/{job_id}/regenerate/0?group_index=1")
    assert (answer.status_code, answer.json()["success"], answer.json()["image_index"]) == (200, True, 0)
    first, second = results(api, job_id)
    assert first == before[0] | {"url": first["url"]}
    assert (second["group_index"], second["version"]) == (1, 1)
    assert second["image_result_id"] != before[1]["image_result_id"]
    versions = api.get(f"/jobs/{job_id}/versions/0").json()["versions"]
    assert [(each["group_index"], each["version"]) for each in versions] == [(0, 0), (1, 0), (1, 1)]
    old, new = (requests.get(item["url"], timeout=60).content for item in (before[1], second))
    assert old != new
    assert api.promote(before[1]["image_result_id"]).status_code == 201


def test_a_regenerated_picture_starts_pending_and_costs_what_a_draft_costs(api: Api) -> None:
    job_id = finished(api)
    api.set(**HOUR)
    api.post(f"/jobs/{job_id}/regenerate/0")
    [item] = results(api, job_id)
    assert item["status"] in ("pending", "processing")
    assert item["url"] is None
    assert api.get(f"/jobs/{job_id}/status").json()["processed_images"] == 0
    assert api.promote(item["image_result_id"]).status_code == 400
    assert api.ledger()["credits"]["charged"] == {"drafts": 3, "regeneration": 3}
    api.set(credits=2)
    assert api.post(f"/jobs/{job_id}/regenerate/0").status_code == 402


def test_only_pictures_of_ended_creation_jobs_are_drawn_anew(api: Api) -> None:
    job_id = finished(api)
    assert api.post(f"/jobs/{job_id}/regenerate/1").status_code == 404
    assert api.post(f"/jobs/{job_id}/regenerate/0?group_index=7").status_code == 404
    assert api.post(f"/jobs/{job_id}/regenerate/x").status_code == 400
    assert api.get(f"/jobs/{job_id}/versions/9").status_code == 404
    preprocessing = api.promote(results(api, job_id)[0]["image_result_id"]).json()["preprocessing_job_id"]
    assert api.post(f"/jobs/{preprocessing}/regenerate/0").status_code == 400
    api.set(not_found_seconds=0, **HOUR)
    assert api.post(f"/jobs/{finished(api)}/regenerate/0").status_code == 400


def test_a_picture_drawn_anew_is_told_of_even_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with running(dialect="docs", state=state, drafts_median_seconds=0) as sandbox, Api(sandbox, "a") as api:
        job_id = finished(api)
        api.set(drafts_median_seconds=10)
        api.post(f"/jobs/{job_id}/regenerate/0")
    with running(dialect="docs", speed=50, state=state) as sandbox, Api(sandbox, "a") as api:
        with api.stream() as stream:
            stream.backfill()
            event = stream.live()
        [item] = results(api, job_id)
        assert (event["name"], event["data"]["id"]) == ("image_result", item["id"])
        assert (item["version"], item["status"]) == (1, "completed")


def test_pictures_that_take_too_long_are_listed_and_can_be_given_up() -> None:
    slow = {"drafts_median_seconds": 360_000, "drafts_spread_seconds": 0}
    with running(speed=36_000, **slow) as sandbox, Api(sandbox, "a") as api:
        api.create({**SMALL, "num_variations": 2})
        while not (stuck := api.get("/jobs/stuck-images", min_hours=1).json())["images"]:
            pass
        assert (stuck["pagination"]["total"], stuck["images"][0]["job_status"]) == (2, "processing")
        assert stuck["images"][0]["hours_stuck"] >= 1
        first, second = (image["id"] for image in stuck["images"])
        body = {"image_ids": [first, first, 9], "new_status": "failed"}
        assert api.post("/jobs/stuck-images/bulk-update", body).json()["updated_count"] == 1
        left = api.get("/jobs/stuck-images", min_hours=0).json()["images"]
        assert [image["id"] for image in left] == [second]
        body = {"image_ids": [second], "new_status": "failed"}
        api.post("/jobs/stuck-images/bulk-update", body)
        with api.stream() as stream:
            stream.backfill()
            assert stream.live()["name"] == "error"
        assert api.ledger()["credits"]["charged_total"] == 0


def test_giving_up_asks_for_ids_and_takes_only_failed(api: Api) -> None:
    for body in ({"image_ids": [1], "new_status": "completed"}, {"image_ids": 1, "new_status": "failed"}):
        assert api.post("/jobs/stuck-images/bulk-update", body).status_code == 400


def test_a_version_that_is_given_up_is_not_paid(api: Api) -> None:
    job_id = finished(api)
    api.set(**HOUR)
    api.post(f"/jobs/{job_id}/regenerate/0")
    body = {"image_ids": [results(api, job_id)[0]["image_result_id"]], "new_status": "failed"}
    api.post("/jobs/stuck-images/bulk-update", body)
    assert results(api, job_id)[0]["status"] == "failed"
    assert api.ledger()["credits"]["charged_total"] == 3


def test_the_gallery_shows_jobs_newest_first_with_their_pictures(api: Api) -> None:
    first, second = finished(api, 3), finished(api, 2)
    jobs = api.get("/gallery/by-job", max_images_per_job=2).json()["jobs"]
    assert [(job["job_id"], job["total_images"], len(job["images"])) for job in jobs] == [
        (second, 2, 2),
        (first, 3, 2),
    ]
    image = jobs[0]["images"][0]
    assert set(image["output"]) == {"full_size", "thumbnail", "uuid"}
    assert image["id"] == results(api, second)[0]["image_result_id"]
    assert [job["job_id"] for job in api.get("/gallery/by-job", job_id=first).json()["jobs"]] == [first]
    assert api.get("/gallery/by-job", job_type="model_swap").json()["jobs"] == []
    assert api.get("/gallery/by-job", max_images_per_job=201).status_code == 400
    assert api.get("/gallery/by-project", project_id=1).json()["projects"] == []


def test_the_gallery_tells_of_a_job_what_the_reference_lists(api: Api) -> None:
    api.set(draft_failure_rate=0.5)
    job_id = finished(api, 8)
    [job] = api.get("/gallery/by-job").json()["jobs"]
    assert set(job) == {
        "job_id", "job_type", "job_status", "created_at", "updated_at", "created_by", "identity_code",
        "identity_name", "project_id", "project_name", "project_key", "total_images", "completed_images",
        "failed_images", "images",
    }  # fmt: skip
    assert (job["job_id"], job["job_status"], job["total_images"]) == (job_id, "completed", 8)
    assert 0 < job["failed_images"] < 8
    assert job["completed_images"] + job["failed_images"] == 8
    [filtered] = api.get("/gallery/by-job", status="failed").json()["jobs"]
    assert [image["status"] for image in filtered["images"]] == ["failed"] * job["failed_images"]
    [unfinished] = api.get("/gallery/by-job", status="processing").json()["jobs"]
    assert (unfinished["images"], unfinished["total_images"]) == ([], 8)


def test_the_gallery_is_filtered_and_sorted_by_job(api: Api) -> None:
    first, second = (finished(api, name=name) for name in ("Spring", "Autumn"))

    def found(**query: Any) -> list[str]:
        return [job["job_id"] for job in api.get("/gallery/by-job", **query).json()["jobs"]]

    assert found(search="spring") == [first]
    assert found(search=second[4:9]) == [second]
    assert found(ownership="mine") == [second, first]
    assert found(ownership="shared") == []
    assert found(sort_by="updated_at", order="asc") == [first, second]
    [image] = results(api, first)
    code = api.promote(image["image_result_id"], name="Ada").json()["identity_code"]
    [promoted] = api.get("/gallery/by-job", search="ada").json()["jobs"]
    assert (promoted["job_type"], promoted["identity_code"]) == ("identity_preprocessing", code)
    assert (promoted["identity_name"], promoted["images"]) == ("Ada", [])
    for wrong in ({"sort_by": "size"}, {"ownership": "all"}, {"feedback": "7"}, {"project_id": "x"}):
        assert api.get("/gallery/by-job", **wrong).status_code == 400


def test_a_project_has_the_pictures_that_its_references_were_for(api: Api) -> None:
    slot = api.post("/upload", {"filename": "a.png", "project_name": "Spring"}).json()
    headers = {"Content-Type": "image/png"}
    assert requests.put(slot["upload_url"], data=b"x", headers=headers, timeout=20).status_code == 200
    asset = {"prompt": "in this vibe", "input_assets": [{"file_id": slot["file_id"]}]}
    job_id = api.create(asset).json()["job_id"]
    assert api.get(f"/jobs/{job_id}/status").json()["project_text"] == "Spring"
    of_none = finished(api)
    projects = api.get("/gallery/by-project").json()["projects"]
    assert [(each["project_id"], each["project_name"], each["total_images"]) for each in projects] == [
        (slot["project_id"], "Spring", 1),
        (None, None, 1),
    ]
    assert [each["images"][0]["job_id"] for each in projects] == [job_id, of_none]
    [job] = api.get("/gallery/by-job", project_id=slot["project_id"]).json()["jobs"]
    assert (job["job_id"], job["project_name"]) == (job_id, "Spring")
    [only] = api.get("/gallery/by-project", project_id=slot["project_id"], status="failed").json()["projects"]
    assert (only["total_images"], only["images"]) == (1, [])


def test_an_archive_holds_the_finished_pictures_of_its_jobs(api: Api) -> None:
    first, second = finished(api), finished(api, 2)

    def names(path: str, body: dict[str, Any]) -> list[str]:
        answer = requests.get(api.post(path, body).json()["download_url"], timeout=20)
        return zipfile.ZipFile(io.BytesIO(answer.content)).namelist()

    assert len(names("/download", {"job_id": first})) == 1
    assert len(names("/download/bulk", {"job_ids": [first, second, first]})) == 3


def test_an_archive_of_nothing_too_much_or_an_expired_address_is_refused(api: Api) -> None:
    api.set(create_per_minute=100)
    api.set(download_url_seconds=0)
    job_id = finished(api)
    url = api.post("/download", {"job_id": job_id}).json()["download_url"]
    assert requests.get(url + "0", timeout=20).status_code == 403
    assert api.post("/download", {"job_id": "job_none"}).status_code == 404
    assert api.post("/download", {}).status_code == 400
    assert api.post("/download/bulk", {"job_ids": []}).status_code == 400
    many = [
        api.create(*[{**SMALL, "num_variations": 8}] * 5, name=str(number)).json()["job_id"]
        for number in range(3)
    ]
    assert api.post("/download/bulk", {"job_ids": many}).status_code == 400
    api.set(draft_failure_rate=1)
    assert api.post("/download", {"job_id": finished(api)}).status_code == 400


def test_results_carry_both_spellings_when_it_is_set(api: Api) -> None:
    job_id = finished(api)
    assert not {"id", "output"} & set(results(api, job_id)[0])
    api.set(both_spellings=True)
    [item] = results(api, job_id)
    assert item["id"] == item["image_result_id"]
    assert item["output"]["full_size"].split("?")[0] == item["url"].split("?")[0]
