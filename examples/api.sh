#!/bin/sh
# Asks a running Matjip a few questions with curl. Another server: MATJIP_URL=http://host:port sh examples/api.sh
set -eu
url="${MATJIP_URL:-http://127.0.0.1:8000}"

ask() { # method, path, body (or none)
    printf '\n# %s %s\n' "$1" "$2"
    curl --fail-with-body --silent --show-error --request "$1" "$url$2" \
        --header 'content-type: application/json' ${3:+--data "$3"}
    echo
}

# One call, nothing stored: how do these reviews feel?
ask POST /api/v1/sentiment/analyze '{"restaurant_id": "test_restaurant", "reviews": [{"content": "맛있어요!"}]}'

# Store a restaurant and one of its reviews. Sent again, the same call changes nothing.
ask PUT /api/v1/restaurants/r-try-me '{"name": "맛보기식당", "categories": ["한식"], "region": "서울 마포", "price_band": 1}'
ask PUT /api/v1/restaurants/r-try-me/reviews/try-1 '{"content": "국물은 시원한데 줄이 너무 길어요", "rating": 4}'
ask GET /api/v1/restaurants/r-try-me/reviews/try-1

# Search by meaning, then sum up what was stored.
ask POST /api/v1/search/reviews '{"query": "뜨끈한 국물", "limit": 3}'
ask POST /api/v1/summary/analyze '{"restaurant_id": "r-try-me"}'
